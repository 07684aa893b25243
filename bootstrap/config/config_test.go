package config_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/menjin-id/menjin/adapters/vault"
	"github.com/menjin-id/menjin/bootstrap/config"
	"github.com/menjin-id/menjin/ports"
)

func load(t *testing.T, yaml string, environ ...string) (*config.Config, error) {
	t.Helper()
	file := ""
	if yaml != "" {
		file = filepath.Join(t.TempDir(), "menjin.yaml")
		if err := os.WriteFile(file, []byte(yaml), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return config.Load(file, environ)
}

func TestDefaultsStartWithNothingInstalled(t *testing.T) {
	t.Parallel()
	c, err := load(t, "")
	if err != nil {
		t.Fatal(err)
	}
	if !c.SandboxWanted() || !c.EmbeddedEvents() || !c.EmbeddedDatabase() || !c.SessionsInDatabase() {
		t.Errorf("development needs more than the process itself")
	}
	if c.HTTP.Addr != "127.0.0.1:8080" || c.Session.Idle != 30*time.Minute || c.Token.AccessTTL != 2*time.Hour {
		t.Errorf("got addr %s, idle %s, ttl %s", c.HTTP.Addr, c.Session.Idle, c.Token.AccessTTL)
	}
}

func TestEnvironmentGoesOverFileOverDefaults(t *testing.T) {
	t.Parallel()
	c, err := load(t, "http:\n  addr: :9000\nsession:\n  idle_ttl: 10m\n", "MENJIN_HTTP_ADDR=:9001", "PATH=/bin")
	if err != nil {
		t.Fatal(err)
	}
	if c.HTTP.Addr != ":9001" || c.Session.Idle != 10*time.Minute || c.Session.Refresh != 720*time.Hour {
		t.Errorf("got addr %s, idle %s, refresh %s", c.HTTP.Addr, c.Session.Idle, c.Session.Refresh)
	}
}

func TestEveryFaultIsNamedByItsKey(t *testing.T) {
	t.Parallel()
	_, err := load(t, "htpp:\n  addr: x\nhttp:\n  addr: nonsense\n  cors_origins: ['*']\nwechat:\n  timeout: soon\n  apps:\n    - app_id: wx2\n",
		"MENJIN_SESSION_IDLE_TTL=never", "MENJIN_SESION_MAX_AGE=1h", "MENJIN_WECHAT_APP_SECRET_FILE=/does/not/exist",
		"MENJIN_DATABASE_URL=mysql://root:hunter2@db", "MENJIN_EVENTS_SHARDS=99", "MENJIN_TEST_REQUIRE=all")
	if err == nil {
		t.Fatal("got no fault")
	}
	for _, key := range []string{
		"htpp.addr", "http.addr", "http.cors_origins", "wechat.timeout", "wechat.apps", "session.idle_ttl",
		"MENJIN_SESION_MAX_AGE", "wechat.app_secret", "database.url", "events.shards",
	} {
		if !strings.Contains(err.Error(), key+":") {
			t.Errorf("%s is not named in:\n%v", key, err)
		}
	}
	if strings.Contains(err.Error(), "TEST_REQUIRE") || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("the faults name a variable of the tests, or a secret:\n%v", err)
	}
}

func TestSecretIsReadFromFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte("s3cr3t\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := load(t, "", "MENJIN_WECHAT_APP_SECRET_FILE="+file)
	if err != nil {
		t.Fatal(err)
	}
	if got := c.WeChat.Apps[0].Secret.Reveal(); got != "s3cr3t" {
		t.Errorf("got %q", got)
	}
}

func TestSeveralMiniPrograms(t *testing.T) {
	t.Parallel()
	inFile, err := load(t, "wechat:\n  apps:\n    - {app_id: wx02, app_secret: two}\n    - {app_id: wx03, app_secret: three}\n")
	if err != nil {
		t.Fatal(err)
	}
	inEnv, err := load(t, "", `MENJIN_WECHAT_APPS=[{"app_id":"wx02","app_secret":"two"},{"app_id":"wx03","app_secret":"three"}]`)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []*config.Config{inFile, inEnv} {
		if len(c.WeChat.Apps) != 3 || c.WeChat.Apps[2].ID != "wx03" || c.WeChat.Apps[1].Secret.Reveal() != "two" {
			t.Errorf("got %d apps: %v", len(c.WeChat.Apps), c.WeChat.Apps)
		}
	}
}

// production is a set-up that production accepts, changed by what is given.
func production(t *testing.T, changes ...string) []string {
	t.Helper()
	keyset, err := vault.Generate()
	if err != nil {
		t.Fatal(err)
	}
	return append([]string{
		"MENJIN_ENV=prod", "MENJIN_WECHAT_APP_ID=wx0123456789abcdef", "MENJIN_WECHAT_APP_SECRET=0f1e2d3c4b5a69788796a5b4c3d2e1f0",
		"MENJIN_VAULT_KEYSET=" + keyset.Reveal(),
	}, changes...)
}

const (
	pushToken  = "Kq3vT9xZr7Lm2Wp8"
	pushAESKey = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
)

// otherApp is wechat.apps with a second mini-program.
func otherApp(token, key string) string {
	return fmt.Sprintf(`[{"app_id":"wx02","app_secret":"1f1e2d3c4b5a69788796a5b4c3d2e1f0","push_token":%q,"push_aes_key":%q}]`, token, key)
}

func TestPushKeyWithoutATokenIsAFaultEverywhere(t *testing.T) {
	t.Parallel()
	for _, profile := range []string{"dev", "test", "prod"} {
		environ := production(t, "MENJIN_ENV="+profile, "MENJIN_WECHAT_BASE_URL=https://api.weixin.qq.com")
		for key, setting := range map[string]string{
			"wechat.push_token": "MENJIN_WECHAT_PUSH_AES_KEY=" + pushAESKey, "wechat.apps": "MENJIN_WECHAT_APPS=" + otherApp("", pushAESKey),
		} {
			if _, err := load(t, "", append(environ, setting)...); err == nil || !strings.Contains(err.Error(), key+":") {
				t.Errorf("%s: got %v, want a fault of %s", profile, err, key)
			}
		}
	}
	if _, err := load(t, "", "MENJIN_WECHAT_PUSH_TOKEN=short"); err != nil {
		t.Errorf("a token alone while trying out: got %v, want no fault", err)
	}
}

func TestLimitsAreRead(t *testing.T) {
	t.Parallel()
	c, err := load(t, "limits:\n  sign_in: 5/10s\n  register: 0\n")
	if err != nil {
		t.Fatal(err)
	}
	if c.Limits.SignIn != (ports.Rate{Burst: 5, Per: 10 * time.Second}) || c.Limits.Register != (ports.Rate{}) || c.Limits.Refresh.Burst == 0 ||
		c.Limits.Export != (ports.Rate{Burst: 20, Per: time.Hour}) {
		t.Errorf("got %+v", c.Limits)
	}
	if _, err := load(t, "", "MENJIN_LIMITS_REFRESH=many"); err == nil || !strings.Contains(err.Error(), "limits.refresh:") {
		t.Errorf("got %v", err)
	}
}

func TestProduction(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		environ []string
		keys    []string // faults; none: accepted
	}{
		{"complete", nil, nil},
		{"embedded sandbox", []string{"MENJIN_WECHAT_BASE_URL=sandbox"}, []string{"wechat.base_url"}},
		{"sample secret", []string{"MENJIN_WECHAT_APP_SECRET=00000000000000000000000000000001"}, []string{"wechat.app_secret"}},
		{"placeholder", []string{"MENJIN_WECHAT_APP_SECRET=changeme"}, []string{"wechat.app_secret"}},
		{"encrypted push", []string{"MENJIN_WECHAT_PUSH_TOKEN=" + pushToken, "MENJIN_WECHAT_PUSH_AES_KEY=" + pushAESKey}, nil},
		{"push in plain", []string{"MENJIN_WECHAT_PUSH_TOKEN=" + pushToken}, []string{"wechat.push_aes_key"}},
		{"push of another app in plain", []string{"MENJIN_WECHAT_APPS=" + otherApp(pushToken, "")}, []string{"wechat.apps"}},
		{"push of another app, encrypted", []string{"MENJIN_WECHAT_APPS=" + otherApp(pushToken, pushAESKey)}, nil},
		{
			"short push token",
			[]string{"MENJIN_WECHAT_PUSH_TOKEN=" + pushToken[:15], "MENJIN_WECHAT_PUSH_AES_KEY=" + pushAESKey},
			[]string{"wechat.push_token"},
		},
		{
			"sample push token",
			[]string{"MENJIN_WECHAT_PUSH_TOKEN=your-push-token-here", "MENJIN_WECHAT_PUSH_AES_KEY=" + pushAESKey},
			[]string{"wechat.push_token"},
		},
		{"sample push token of another app", []string{"MENJIN_WECHAT_APPS=" + otherApp("changeme-changeme-1", pushAESKey)}, []string{"wechat.apps"}},
		{"no keys", []string{"MENJIN_VAULT_KEYSET="}, []string{"vault.keyset"}},
		{"unusable keys", []string{"MENJIN_VAULT_KEYSET=y"}, []string{"vault.keyset"}},
		{"host that the query names", []string{"MENJIN_DATABASE_URL=postgres://u:p@localhost/x?host=db.example.com"}, []string{"database.url"}},
		{"no app", []string{"MENJIN_WECHAT_APP_ID=", "MENJIN_WECHAT_APP_SECRET="}, []string{"wechat.app_id", "wechat.app_secret"}},
		{
			"plain text to other hosts",
			[]string{
				"MENJIN_DATABASE_URL=postgres://u:p@db/x", "MENJIN_SESSIONS_URL=redis://cache:6379,cache2:6379",
				"MENJIN_EVENTS_URL=nats://bus:4222", "MENJIN_WECHAT_BASE_URL=http://proxy",
			},
			[]string{"database.url", "sessions.url", "events.url", "wechat.base_url"},
		},
		{
			"plain text allowed by name",
			[]string{
				"MENJIN_DATABASE_URL=postgres://u:p@db/x", "MENJIN_SESSIONS_URL=redis://cache:6379", "MENJIN_EVENTS_URL=nats://bus:4222",
				"MENJIN_SECURITY_PLAINTEXT_HOSTS=db, cache,bus",
			},
			nil,
		},
		{"plain text to this machine", []string{"MENJIN_DATABASE_URL=postgres:///x?host=/run/postgresql", "MENJIN_SESSIONS_URL=redis://127.0.0.1:6379"}, nil},
		{"encrypted", []string{"MENJIN_DATABASE_URL=postgres://u:p@db/x?sslmode=verify-full", "MENJIN_SESSIONS_URL=rediss://cache:6379", "MENJIN_EVENTS_URL=tls://bus:4222"}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := load(t, "", production(t, test.environ...)...)
			if len(test.keys) == 0 && err != nil {
				t.Errorf("refused: %v", err)
			}
			for _, key := range test.keys {
				if !strings.Contains(fmt.Sprint(err), key+":") {
					t.Errorf("%s is not named in: %v", key, err)
				}
			}
		})
	}
}

func TestSecretThatYAMLTakesForANumberIsRefused(t *testing.T) {
	t.Parallel()
	_, err := load(t, "wechat:\n  app_secret: 00123456789012345678901234567890\n")
	if err == nil || !strings.Contains(err.Error(), "wechat.app_secret: must be in quotes") {
		t.Errorf("got %v", err)
	}
}

func TestUnknownProfileIsRefused(t *testing.T) {
	t.Parallel()
	if _, err := load(t, "", "MENJIN_ENV=production"); err == nil || !strings.Contains(err.Error(), "MENJIN_ENV: must be") {
		t.Errorf("got %v", err)
	}
}

func TestPrintShowsNoSecret(t *testing.T) {
	t.Parallel()
	environ := production(t,
		"MENJIN_DATABASE_URL=postgres://u:planted-1@localhost/x", "MENJIN_SESSIONS_URL=redis://:planted-2@localhost:6379",
		"MENJIN_WECHAT_PUSH_TOKEN=planted-3-planted", "MENJIN_WECHAT_PUSH_AES_KEY="+pushAESKey, `MENJIN_WECHAT_APPS=[{"app_id":"wx02","app_secret":"planted-4"}]`,
		"MENJIN_WECHAT_APP_SECRET=planted-7")
	c, err := load(t, "", environ...)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := c.Print(&out); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(&out, "%v %+v %#v", c, c, *c)
	if strings.Contains(out.String(), "planted") || strings.Contains(out.String(), pushAESKey) || strings.Contains(out.String(), c.Vault.Keyset.Reveal()) {
		t.Errorf("a secret is shown in:\n%s", out.String())
	}
	if !strings.Contains(out.String(), "http.addr") || !strings.Contains(out.String(), "127.0.0.1:8080") {
		t.Errorf("http.addr is not shown in:\n%s", out.String())
	}
}
