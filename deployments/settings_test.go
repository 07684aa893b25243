// Package deployments_test holds the settings that the files here name against those that the service knows.
package deployments_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/menjin-id/menjin/adapters/vault"
	"github.com/menjin-id/menjin/bootstrap/config"
)

// secretFolders are where each kind of installation finds its secrets.
var secretFolders = regexp.MustCompile(`^(/run/secrets|/etc/menjin/secrets|%d)/`)

// accept loads settings as the service does in production, with secrets from a folder of the test's.
func accept(t *testing.T, environ map[string]string, secrets string) *config.Config {
	t.Helper()
	list := []string{"MENJIN_WECHAT_APP_ID=wx0123456789abcdef"}
	for name, value := range environ {
		if strings.HasPrefix(name, "MENJIN_") && name != "MENJIN_WECHAT_APP_ID" {
			list = append(list, name+"="+secretFolders.ReplaceAllString(value, secrets+"/"))
		}
	}
	cfg, err := config.Load("", list)
	if err != nil {
		t.Fatalf("the service refuses the settings:\n%v", err)
	}
	if cfg.Profile != config.Production {
		t.Errorf("profile: got %s, want %s", cfg.Profile, config.Production)
	}
	return cfg
}

// secretsFor makes a folder with what an operator puts there, on servers that are reached by TLS.
func secretsFor(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	key, err := vault.Generate()
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"wechat_app_secret": "0f1e2d3c4b5a69788796a5b4c3d2e1f0", "vault_keyset": key.Reveal(),
		"database_url": "postgres://menjin:p@db.internal/menjin?sslmode=verify-full",
		"sessions_url": "rediss://:p@redis.internal:6379", "events_url": "tls://menjin:p@nats.internal:4222",
	} {
		write(t, filepath.Join(folder, name), value+"\n")
	}
	return folder
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestServiceAcceptsTheSettingsOfComposeWithTheSecretsThatItsScriptMakes(t *testing.T) {
	t.Parallel()
	var file struct {
		Services map[string]struct {
			Environment map[string]string
		}
	}
	if err := yaml.Unmarshal([]byte(read(t, "compose/compose.yaml")), &file); err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	write(t, filepath.Join(folder, "secrets.sh"), read(t, "compose/secrets.sh"))
	script := filepath.Join(folder, "secrets.sh")
	said, err := exec.Command("sh", script).CombinedOutput()
	if err != nil || !strings.Contains(string(said), "missing secrets/vault_keyset") {
		t.Fatalf("secrets.sh: %v\n%s", err, said)
	}
	secrets := filepath.Join(folder, "secrets")
	before := read(t, filepath.Join(secrets, "database_url"))
	for _, name := range []string{"wechat_app_secret", "vault_keyset"} {
		write(t, filepath.Join(secrets, name), read(t, filepath.Join(secretsFor(t), name)))
	}
	if said, err := exec.Command("sh", script).CombinedOutput(); err != nil || strings.Contains(string(said), "made") {
		t.Errorf("the second run of secrets.sh: %v, %s; want nothing made", err, said)
	}
	if after := read(t, filepath.Join(secrets, "database_url")); after != before {
		t.Error("the second run of secrets.sh changed a secret")
	}
	for _, name := range []string{"menjin", "migrate"} {
		cfg := accept(t, file.Services[name].Environment, secrets)
		if cfg.EmbeddedDatabase() || cfg.SessionsInDatabase() || cfg.EmbeddedEvents() {
			t.Errorf("%s: a part is embedded; want all three elsewhere", name)
		}
	}
}

func TestServiceAcceptsTheSettingsOfKubernetes(t *testing.T) {
	t.Parallel()
	for overlay, files := range map[string][]string{
		"single":     {"base/deployment.yaml"},
		"production": {"base/deployment.yaml", "production/deployment.yaml"},
	} {
		t.Run(overlay, func(t *testing.T) {
			t.Parallel()
			environ := make(map[string]string)
			for _, file := range []string{"base/menjin.env", overlay + "/" + overlay + ".env"} {
				readEnvironment(environ, read(t, "kubernetes/"+file))
			}
			for _, file := range files {
				readContainer(t, environ, read(t, "kubernetes/"+file))
			}
			cfg := accept(t, environ, secretsFor(t))
			if embedded := cfg.EmbeddedDatabase() && cfg.EmbeddedEvents(); embedded != (overlay == "single") {
				t.Errorf("database and events embedded: got %t", embedded)
			}
		})
	}
}

func readEnvironment(environ map[string]string, text string) {
	for line := range strings.Lines(text) {
		if name, value, found := strings.Cut(strings.TrimSpace(line), "="); found && !strings.HasPrefix(name, "#") {
			environ[name] = value
		}
	}
}

func readContainer(t *testing.T, environ map[string]string, text string) {
	t.Helper()
	var manifest struct {
		Spec struct {
			Template struct {
				Spec struct {
					Containers []struct {
						Env []struct{ Name, Value string }
					}
				}
			}
		}
	}
	if err := yaml.Unmarshal([]byte(text), &manifest); err != nil {
		t.Fatal(err)
	}
	for _, variable := range manifest.Spec.Template.Spec.Containers[0].Env {
		environ[variable.Name] = variable.Value
	}
}

func TestServiceAcceptsTheSettingsOfSystemd(t *testing.T) {
	t.Parallel()
	environ := make(map[string]string)
	readEnvironment(environ, read(t, "systemd/menjin.env"))
	unit := read(t, "systemd/menjin.service")
	setUp(t, environ, unit)
	if cfg := accept(t, environ, secretsFor(t)); !cfg.EmbeddedDatabase() {
		t.Error("the unit alone: got a database elsewhere, want the embedded one")
	}
	setUp(t, environ, unit+read(t, "systemd/servers.conf"))
	if cfg := accept(t, environ, secretsFor(t)); cfg.EmbeddedDatabase() || cfg.SessionsInDatabase() || cfg.EmbeddedEvents() {
		t.Error("with servers.conf: a part is embedded, want all three elsewhere")
	}
}

// setUp reads the variables of a unit, and sees that each credential that they name is loaded.
func setUp(t *testing.T, environ map[string]string, unit string) {
	t.Helper()
	for line := range strings.Lines(unit) {
		variables, found := strings.CutPrefix(line, "Environment=")
		if !found {
			continue
		}
		for pair := range strings.FieldsSeq(variables) {
			name, value, _ := strings.Cut(pair, "=")
			environ[name] = value
			credential, is := strings.CutPrefix(value, "%d/")
			if is && !strings.Contains(unit, "LoadCredential="+credential+":/etc/menjin/secrets/"+credential+"\n") {
				t.Errorf("%s: the credential %s is not loaded", name, credential)
			}
		}
	}
}
