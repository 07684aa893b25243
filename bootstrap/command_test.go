package bootstrap_test

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// says runs a command that must succeed and whose output must have each of the words; it returns the output.
func says(t *testing.T, s settings, args []string, words ...string) string {
	t.Helper()
	status, out, log := run(t, s, args...)
	if status != 0 {
		t.Fatalf("%v: exit status %d, want 0\n%s%s", args, status, out, log)
	}
	for _, word := range words {
		if !strings.Contains(out, word) {
			t.Errorf("%v does not say %q:\n%s", args, word, out)
		}
	}
	return out
}

func TestCommandsExplainThemselves(t *testing.T) {
	t.Parallel()
	s := local(t)
	says(t, s, []string{"version"}, "menjin ")
	says(t, s, []string{"--help"}, "serve", "migrate", "keys", "user", "outbox", "config", "sandbox", "demo", "version", "--config")
	says(t, s, []string{"keys", "--help"}, "list", "rotate", "new")
	says(t, s, []string{"user", "--help"}, "create", "lock", "unlock", "grant")
	says(t, s, []string{"outbox", "--help"}, "status", "dead", "retry", "discard", "replay", "replays", "cancel", "verify", "pause", "resume")
	for _, unknown := range [][]string{{"sevre"}, {"serve", "now"}, {"--colour"}} {
		status, out, log := run(t, s, unknown...)
		if status != 1 || out != "" || !strings.Contains(log, "menjin: unknown ") {
			t.Errorf("%v: got status %d, output %q, log %q; want status 1 and what is unknown", unknown, status, out, log)
		}
	}
	nothingIsMade(t, s)
}

func TestConfigIsPrintedWithoutSecrets(t *testing.T) {
	t.Parallel()
	const password = "hunter2-of-the-database"
	s := local(t).with(settings{
		"wechat.app_secret": testAppSecret, "database.url": "postgres://menjin:" + password + "@127.0.0.1/menjin",
		"sessions.url": "redis://:" + password + "@127.0.0.1", "events.url": "nats://menjin:" + password + "@127.0.0.1",
	})
	says(t, s, []string{"config", "check"}, "good", "dev")
	out := says(t, s, []string{"config", "print"}, "wechat.app_secret", "[redacted]", "MENJIN_HTTP_ADDR", s["data_dir"])
	for _, secret := range []string{testAppSecret, password} {
		if strings.Contains(out, secret) {
			t.Errorf("config print shows the secret %s:\n%s", secret, out)
		}
	}
	status, _, log := run(t, s.with(settings{"http.addr": "nonsense"}), "config", "check")
	if status != 1 || !strings.Contains(log, "http.addr: ") {
		t.Errorf("config check of a bad configuration: got status %d, want 1 and the key in\n%s", status, log)
	}
	nothingIsMade(t, s)
}

var (
	appliedStep = regexp.MustCompile(`(?m)^\d+ +\S+ +\d{4}-\d\d-\d\dT`)
	pendingStep = regexp.MustCompile(`(?m)^\d+ +\S+ +pending`)
)

func TestMigrateGoesUpAndDown(t *testing.T) {
	t.Parallel()
	onEverySet(t, func(t *testing.T, s settings) {
		steps := func(command string) (applied, pending int) {
			out := says(t, s, []string{"migrate", command})
			return len(appliedStep.FindAllString(out, -1)), len(pendingStep.FindAllString(out, -1))
		}
		applied, all := steps("status")
		if applied != 0 || all == 0 {
			t.Errorf("status of an empty database: got %d applied, %d pending, want some pending alone", applied, all)
		}
		if applied, pending := steps("up"); applied != all || pending != 0 {
			t.Errorf("up: got %d applied, %d pending, want %d and 0", applied, pending, all)
		}
		if applied, pending := steps("down"); applied != all-1 || pending != 1 {
			t.Errorf("down: got %d applied, %d pending, want %d and 1", applied, pending, all-1)
		}
		p := start(t, s) // which brings the schema up to date again
		p.login(p.sandboxCode("alice"))
	})
}

func TestNewKeyServesProductionAndIsNeverOverwritten(t *testing.T) {
	t.Parallel()
	file, s := filepath.Join(t.TempDir(), "vault.key"), local(t)
	says(t, s, []string{"keys", "new", "--out", file}, file, "MENJIN_VAULT_KEYSET_FILE=")
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%s: got %v %v, want mode 0600", file, info, err)
	}
	before, _ := os.ReadFile(file)
	status, _, log := run(t, s, "keys", "new", "--out", file)
	if after, _ := os.ReadFile(file); status != 1 || string(after) != string(before) {
		t.Errorf("a second key: got status %d, overwritten %t, want 1 and the first one kept\n%s", status, string(after) != string(before), log)
	}
	given := s.with(settings{
		"env": "prod", "wechat.app_id": testAppID, "wechat.app_secret": testAppSecret, "vault.keyset_file": file,
	})
	says(t, given, []string{"config", "check"}, "good", "prod")
	p := start(t, given)
	p.expect(http.MethodGet, "/health/ready", "", nil, http.StatusOK, "")
	if keys, _ := filepath.Glob(filepath.Join(s["data_dir"], "keys", "*")); len(keys) > 0 {
		t.Errorf("production made keys by itself: %v", keys)
	}
}

var sandboxAddress = regexp.MustCompile(`look-alike at (http://\S+)`)

func TestSandboxServesAlone(t *testing.T) {
	t.Parallel()
	s := local(t)
	sandbox := launch(t, s, "sandbox")
	eventually(t, "the look-alike says where it is", func() bool {
		return sandbox.hasEnded() || sandboxAddress.MatchString(sandbox.out.String())
	})
	sandbox.sandbox = first(sandboxAddress, sandbox.out.String())
	p := start(t, local(t).with(settings{"wechat.base_url": sandbox.sandbox}))
	if p.login(sandbox.sandboxCode("alice")).User.ID == "" {
		t.Error("nobody was signed in")
	}
	nothingIsMade(t, s)
	sandbox.terminate()
	if status := sandbox.status(); status != 0 {
		t.Errorf("exit status: got %d, want 0", status)
	}
}

func TestDemoShowsEachStep(t *testing.T) {
	t.Parallel()
	onEverySet(t, func(t *testing.T, s settings) {
		p := start(t, s)
		where := []string{"demo", "--service", p.api, "--sandbox", p.sandbox, "--nats", p.events}
		out := says(t, s, where, "/api/hello", "wx.login", "/api/login", "/api/user/info", registeredV1, "/api/logout",
			"SESSION_ENDED", "everything works")
		if failed := strings.Count(out, "✗"); failed > 0 || strings.Count(out, "✓") < 8 {
			t.Errorf("got %d failed steps in\n%s", failed, out)
		}
		p.kill()
		status, out, _ := run(t, s, where...)
		if status != 1 || !strings.Contains(out, "✗") || !strings.Contains(out, "no service at") {
			t.Errorf("demo without a service: got status %d, want 1 and what is missing\n%s", status, out)
		}
	})
}
