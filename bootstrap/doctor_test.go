package bootstrap_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/menjin-id/menjin/internal/testserver"
	"github.com/menjin-id/menjin/internal/testserver/natstest"
)

// doctor returns the exit status, and the verdicts by check.
func doctor(t *testing.T, s settings) (status int, verdicts map[string]string) {
	t.Helper()
	status, out, log := run(t, s, "doctor", "--json")
	var said struct {
		Findings []struct{ Check, Verdict, Found, Advice string }
	}
	if err := json.Unmarshal([]byte(out), &said); err != nil {
		t.Fatalf("doctor: %v\n%s%s", err, out, log)
	}
	verdicts = map[string]string{}
	for _, found := range said.Findings {
		verdicts[found.Check] = found.Verdict
		if (found.Advice == "") != (found.Verdict == "ok") {
			t.Errorf("%s is %s, with the advice %q", found.Check, found.Verdict, found.Advice)
		}
	}
	return status, verdicts
}

func TestDoctorFindsNothingWrongWithAServiceAtWork(t *testing.T) {
	t.Parallel()
	always := []string{"configuration", "data_dir", "secret_files", "disk", "database", "migrations", "keys", "outbox", "nats", "wechat", "clock"}
	onEverySet(t, func(t *testing.T, s settings) {
		names := always
		if s["sessions.url"] != "" {
			names = append(slices.Clone(always), "redis")
		}
		s = s.with(startWeChat(t).settings())
		start(t, s)
		eventually(t, "everything is well", func() bool { // the stream is made beside the start
			status, verdicts := doctor(t, s)
			if got, want := slices.Sorted(maps.Keys(verdicts)), slices.Sorted(slices.Values(names)); !slices.Equal(got, want) {
				t.Fatalf("checks: got %q, want %q", got, want)
			}
			delete(verdicts, "disk")  // the machine's own
			delete(verdicts, "redis") // keeps nothing here, as tests want it
			return status == 0 && !slices.ContainsFunc(slices.Collect(maps.Values(verdicts)), func(v string) bool { return v != "ok" })
		})
		says(t, s, []string{"doctor"}, "configuration", "wechat", "schema up to date", "opened by the master key")
	})
}

func TestDoctorFailsOnFaultsAndNotOnWarnings(t *testing.T) {
	t.Parallel()
	s := local(t).with(startWeChat(t).settings())
	says(t, s, []string{"migrate", "up"})
	says(t, s, []string{"outbox", "pause"})
	if status, verdicts := doctor(t, s); status != 0 || verdicts["outbox"] != "warn" {
		t.Errorf("a paused outbox: got status %d and %v, want a warning and status 0", status, verdicts)
	}
	says(t, s, []string{"outbox", "resume"})
	if status, verdicts := doctor(t, s); status != 0 || verdicts["outbox"] != "ok" {
		t.Errorf("an outbox at work: got status %d and %v, want 0 and all well", status, verdicts)
	}
	if status, _ := doctor(t, s.with(settings{"wechat.app_secret": "00000000000000000000000000000001"})); status != 2 {
		t.Errorf("a wrong secret: got status %d, want 2", status)
	}
	if status, _, _ := run(t, s, "doctor", "--colour"); status != 1 {
		t.Errorf("a line that cannot be understood: got status %d, want 1", status)
	}
	says(t, s, []string{"doctor", "--help"}, "exit status is 0", "secret_files", "certificate")
}

func TestDoctorSaysNoSecret(t *testing.T) {
	t.Parallel()
	const secret = "Tr0ub4dorAnd3"
	s := local(t).with(settings{
		"database.url": "postgres://menjin:" + secret + "@127.0.0.1:" + deadPort(t) + "/menjin", "sessions.url": "redis://:" + secret + "@127.0.0.1:" + deadPort(t),
		"events.url": "nats://menjin:" + secret + "@127.0.0.1:" + deadPort(t), "wechat.push_token": secret, "vault.token": secret,
	}).with(startWeChat(t).settings())
	wrong := strings.Repeat("5ec2e7", 5) + "00"
	for what, changes := range map[string]settings{
		"nobody answers": nil, "wrong AppSecret": {"wechat.app_secret": wrong}, "faults in each": {
			"database.url": "postgres://" + secret + "@:x/", "sessions.url": "redis://" + secret + ":%zz", "events.url": "nats://" + secret + ":" + secret,
			"vault.keyset": secret, "wechat.push_aes_key": secret,
		},
	} {
		for _, args := range [][]string{{"doctor"}, {"doctor", "--json"}} {
			status, out, log := run(t, s.with(changes), args...)
			if status != 2 {
				t.Errorf("%s: %v: got status %d, want 2\n%s%s", what, args, status, out, log)
			}
			if said := out + log; strings.Contains(said, secret) || strings.Contains(said, wrong) {
				t.Errorf("%s: %v: a secret in\n%s", what, args, said)
			}
		}
	}
}

// deadPort is one that nobody listens on.
func deadPort(t *testing.T) string {
	t.Helper()
	port, err := testserver.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	return strconv.Itoa(port)
}

func TestDoctorNamesEachFault(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]struct {
		check, verdict string
		plant          func(t *testing.T, s settings) settings
	}{
		"bad setting": {"configuration", "fail", func(_ *testing.T, s settings) settings {
			return s.with(settings{"events.shards": "many"})
		}},
		"no database": {"database", "fail", func(t *testing.T, s settings) settings {
			t.Helper()
			return s.with(settings{"database.url": "postgres://nobody@127.0.0.1:" + deadPort(t) + "/x"})
		}},
		"no Redis": {"redis", "fail", func(t *testing.T, s settings) settings {
			t.Helper()
			return s.with(settings{"sessions.url": "redis://127.0.0.1:" + deadPort(t)})
		}},
		"no NATS": {"nats", "fail", func(t *testing.T, s settings) settings {
			t.Helper()
			return s.with(settings{"events.url": "nats://127.0.0.1:" + deadPort(t)})
		}},
		"wrong stream": {"nats", "fail", func(t *testing.T, s settings) settings {
			t.Helper()
			js := natstest.JetStream(t, s["events.url"])
			if _, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "MENJIN_EVENTS", Storage: jetstream.MemoryStorage}); err != nil {
				t.Fatal(err)
			}
			return s
		}},
		"pending step":         {"migrations", "warn", func(_ *testing.T, s settings) settings { return s }},
		"Redis without a disk": {"redis", "warn", func(_ *testing.T, s settings) settings { return s }},
		"wrong secret": {"wechat", "fail", func(_ *testing.T, s settings) settings {
			return s.with(settings{"wechat.app_secret": "00000000000000000000000000000001"})
		}},
		"key for all": {"data_dir", "fail", func(t *testing.T, s settings) settings {
			t.Helper()
			path := filepath.Join(s["data_dir"], "keys", "vault.json")
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte("{}"), 0o644); err != nil { //nolint:gosec // the fault under test
				t.Fatal(err)
			}
			return s
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := fault.plant(t, onServers(t).with(startWeChat(t).settings()))
			status, verdicts := doctor(t, s)
			want := map[string]int{"warn": 0, "fail": 2}[fault.verdict]
			if verdicts[fault.check] != fault.verdict || status != want {
				t.Errorf("got status %d and %v, want %s at %s", status, verdicts, fault.verdict, fault.check)
			}
		})
	}
}
