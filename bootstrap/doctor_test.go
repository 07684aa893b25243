package bootstrap_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/menjin-id/menjin/internal/testserver"
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
	onEverySet(t, func(t *testing.T, s settings) {
		s = s.with(startWeChat(t).settings())
		start(t, s)
		eventually(t, "everything is well", func() bool { // the stream is made beside the start
			status, _ := doctor(t, s)
			return status == 0
		})
		says(t, s, []string{"doctor"}, "configuration", "wechat")
	})
}

func TestDoctorNamesEachFault(t *testing.T) {
	t.Parallel()
	deadPort := func(t *testing.T) string {
		t.Helper()
		port, err := testserver.FreePort()
		if err != nil {
			t.Fatal(err)
		}
		return strconv.Itoa(port)
	}
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
			conn, err := nats.Connect(s["events.url"])
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			js, err := jetstream.New(conn)
			if err == nil {
				_, err = js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "MENJIN_EVENTS", Storage: jetstream.MemoryStorage})
			}
			if err != nil {
				t.Fatal(err)
			}
			return s
		}},
		"pending step": {"database", "warn", func(_ *testing.T, s settings) settings { return s }},
		"old keys": {"database", "warn", func(t *testing.T, s settings) settings {
			t.Helper()
			says(t, s, []string{"migrate", "up"})
			conn, err := pgx.Connect(t.Context(), s["database.url"])
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close(t.Context())
			mustExec(t, conn, `INSERT INTO signing_keys (id, kid, pem_sealed, created_at) VALUES (gen_random_uuid(), 'k', '', now() - interval '200 days')`)
			return s
		}},
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
			want := map[string]int{"warn": 1, "fail": 2}[fault.verdict]
			if verdicts[fault.check] != fault.verdict || status < want {
				t.Errorf("got status %d and %v, want %s at %s", status, verdicts, fault.verdict, fault.check)
			}
		})
	}
}
