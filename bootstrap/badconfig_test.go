package bootstrap_test

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// refuses runs the program, which must say each of the words and end with status 1.
func refuses(t *testing.T, s settings, words ...string) {
	t.Helper()
	status, out, log := run(t, s, "serve")
	if status != 1 {
		t.Errorf("exit status: got %d, want 1", status)
	}
	for _, word := range words {
		if !strings.Contains(log, word) {
			t.Errorf("the message does not say %q:\n%s", word, log)
		}
	}
	if out != "" || strings.Contains(log, "goroutine") {
		t.Errorf("got output %q and log\n%s\nwant nothing but the faults", out, log)
	}
}

func nothingIsMade(t *testing.T, s settings) {
	t.Helper()
	if _, err := os.Stat(s["data_dir"]); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the data folder: got %v, want none made", err)
	}
}

func TestEveryFaultOfTheConfigurationIsNamedAtOnce(t *testing.T) {
	t.Parallel()
	const password = "hunter2-of-the-database"
	s := local(t).with(settings{
		"http.addr": "nonsense", "wechat.timeout": "soon", "session.idle_ttl": "never", "sesion.max_age": "1h",
		"database.url": "mysql://root:" + password + "@db", "events.shards": "99", "log.format": "prose",
		"http.trusted_proxies": "everybody", "token.algorithm": "HS256", "wechat.app_id": "",
	})
	refuses(t, s, "  http.addr: ", "  wechat.timeout: ", "  session.idle_ttl: ", "  MENJIN_SESION_MAX_AGE: ",
		"  database.url: ", "  events.shards: ", "  log.format: ", "  http.trusted_proxies: ", "  token.algorithm: ", "  wechat.app_id: ")
	nothingIsMade(t, s)
	if _, _, log := run(t, s, "serve"); strings.Contains(log, password) {
		t.Errorf("the faults show a password:\n%s", log)
	}
	status, out, log := run(t, s, "config", "print")
	if status != 1 || !strings.Contains(out, "MENJIN_SESSION_MAX_AGE") || !strings.Contains(log, "  http.addr: ") || strings.Contains(out+log, password) {
		t.Errorf("config print: got status %d, want 1, every key and the faults, and no password:\n%s%s", status, out, log)
	}
}

func TestFaultsOfTheFileAreNamedByKey(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "menjin.yaml")
	if err := os.WriteFile(file, []byte("htpp:\n  addr: 127.0.0.1:1\nsession:\n  idle_ttl: never\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := local(t)
	for _, c := range []struct {
		file  string
		words []string
	}{
		{file, []string{"htpp.addr: ", "session.idle_ttl: "}},
		{file + ".missing", []string{"--config: "}},
	} {
		status, _, log := run(t, s, "--config", c.file)
		for _, word := range c.words {
			if status != 1 || !strings.Contains(log, word) {
				t.Errorf("status %d, want 1 and %q in\n%s", status, word, log)
			}
		}
	}
	nothingIsMade(t, s)
}

func TestProductionRefusesWhatIsForTryingThingsOut(t *testing.T) {
	t.Parallel()
	s := local(t).with(settings{"env": "prod"})
	refuses(t, s, "  wechat.app_id: ", "  wechat.app_secret: ", "  vault.keyset: ")
	nothingIsMade(t, s)

	s = s.with(settings{
		"wechat.base_url": "sandbox", "wechat.app_id": "wx0000000000000001", "wechat.app_secret": "00000000000000000000000000000001",
		"database.url": "postgres://menjin@db.example.com/menjin", "sessions.url": "redis://redis.example.com:6379",
		"events.url": "nats://nats.example.com:4222",
	})
	refuses(t, s, "  wechat.base_url: ", "  wechat.app_id: ", "  wechat.app_secret: ", "  vault.keyset: ",
		"  database.url: ", "  sessions.url: ", "  events.url: ")
	nothingIsMade(t, s)
}

func TestTakenAddressIsNamedByItsKey(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = taken.Close() })
	for _, key := range []string{"http.addr", "wechat.sandbox_addr", "events.embedded_addr"} {
		t.Run(key, func(t *testing.T) {
			t.Parallel()
			s := local(t).with(settings{key: taken.Addr().String()})
			refuses(t, s, key, taken.Addr().String())
			if key != "events.embedded_addr" { // it is taken when the data folder is known to be free
				nothingIsMade(t, s)
			}
			start(t, s.with(settings{key: "127.0.0.1:0"})) // and a start that failed is not in the way of the next
		})
	}
}

func TestDataFolderInUseIsNamedByItsKey(t *testing.T) {
	t.Parallel()
	s := local(t)
	p := start(t, s)
	refuses(t, s, "data_dir: ", s["data_dir"])
	p.kill()
	start(t, s) // a lock does not outlive its holder
}

func TestDataFolderThatCannotBeMadeIsNamedByItsKey(t *testing.T) {
	t.Parallel()
	s := local(t)
	if err := os.WriteFile(s["data_dir"], nil, 0o600); err != nil {
		t.Fatal(err)
	}
	refuses(t, s, "data_dir: ")
}

func TestDamagedKeyIsNamedByItsKey(t *testing.T) {
	t.Parallel()
	const damaged = "c0ffee-damaged-key"
	s := local(t).with(settings{"vault.keyset": damaged})
	refuses(t, s, "vault.keyset")
	if _, _, log := run(t, s, "serve"); strings.Contains(log, damaged) {
		t.Errorf("the message quotes the key:\n%s", log)
	}
}
