package bootstrap_test

import (
	"database/sql"
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/menjin-id/menjin/internal/testserver/natstest"
)

// shortFolder is one whose path leaves room for the name of a socket.
func shortFolder(t *testing.T) string {
	t.Helper()
	folder, err := os.MkdirTemp("", "mj")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	return folder
}

func TestBackupOfAServiceAtWorkHoldsAllThatWasAnswered(t *testing.T) {
	t.Parallel()
	w, promised := startWeChat(t), newLedger()
	folder := shortFolder(t)
	s := local(t).with(w.settings()).with(settings{"data_dir": filepath.Join(folder, "a")})
	p := start(t, s)
	alice := p.login(w.code("alice"))
	consume(t, p.events, 1)
	people := p.gather(w, promised, "before")
	eventually(t, "forty are signed in", func() bool { return promised.answered() >= 40 })
	people.sendAway()
	others := p.gather(w, newLedger(), "meanwhile")
	file := filepath.Join(folder, "b.tar.gz")
	says(t, s, []string{"backup", "--out", file}, "wrote", "The master key is in it")
	others.sendAway()
	p.kill()

	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("the file: got %v %v, want mode 0600", info, err)
	}
	restored := s.with(settings{"data_dir": filepath.Join(folder, "c")})
	says(t, restored, []string{"restore", file}, "restored")
	if status, _, log := run(t, restored, "restore", file); status != 1 {
		t.Errorf("restore over a folder: got status %d, want 1\n%s", status, log)
	}
	q := start(t, restored)
	if log := q.log.String(); strings.Contains(log, "intact_sequence=0") {
		t.Errorf("the restored stream is taken for another one:\n%s", log)
	}
	q.check(alice.Token, http.StatusNoContent, "")
	q.refresh(alice.RefreshToken)
	again := q.login(w.code("alice"))
	if again.IsNewUser || again.User.ID != alice.User.ID {
		t.Errorf("alice after the restore: got user %s, new %t; want %s", again.User.ID, again.IsNewUser, alice.User.ID)
	}
	if next := consume(t, q.events, 1); next != 2 {
		t.Errorf("the consumer goes on at %d, want 2", next)
	}
	events := q.drained(w)
	promised.holdsFor(t, q, events)
	agree(t, restored["data_dir"], events)
	if status, _, log := run(t, restored, "restore", file); status != 1 || !strings.Contains(log, "data folder of a service") {
		t.Errorf("restore into the folder of a service at work: got status %d, want 1 and why\n%s", status, log)
	}
	q.check(again.Token, http.StatusNoContent, "") // and nothing was touched
}

// agree compares what lies in a database whose users all came to stay, with the stream: users and sessions, and every event.
func agree(t *testing.T, folder string, events []event) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(folder, "menjin.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	ids := func(query string) map[string]bool {
		t.Helper()
		found, err := db.QueryContext(t.Context(), query)
		if err != nil {
			t.Fatal(err)
		}
		defer found.Close()
		all := map[string]bool{}
		for found.Next() {
			var raw []byte
			if err := found.Scan(&raw); err != nil {
				t.Fatal(err)
			}
			id, err := uuid.FromBytes(raw)
			if err != nil {
				t.Fatal(err)
			}
			all[id.String()] = true
		}
		if err := found.Err(); err != nil {
			t.Fatal(err)
		}
		return all
	}
	told, about := map[string]bool{}, map[string]bool{}
	for _, e := range events {
		told[e.ID], about[e.User] = true, true
	}
	same := func(what string, got, want map[string]bool) {
		t.Helper()
		if !maps.Equal(got, want) {
			t.Errorf("%s: %d on one side and %d on the other, or not the same", what, len(got), len(want))
		}
	}
	same("users, and those of whom the stream tells", ids("SELECT id FROM users"), about)
	same("events of the outbox and of the stream", ids("SELECT event_id FROM outbox_events"), told)
	same("sessions without a user", ids("SELECT user_id FROM sessions WHERE user_id NOT IN (SELECT id FROM users)"), map[string]bool{})
	same("users without an event of theirs", ids("SELECT id FROM users WHERE id NOT IN (SELECT aggregate_id FROM outbox_events)"), map[string]bool{})
}

// consume reads so many messages of a durable consumer and returns the sequence of the last.
func consume(t *testing.T, url string, messages int) (last uint64) {
	t.Helper()
	js := natstest.JetStream(t, url)
	defer js.Conn().Close()
	consumer, err := js.CreateOrUpdateConsumer(t.Context(), "MENJIN_EVENTS", jetstream.ConsumerConfig{
		Durable: "reader", AckPolicy: jetstream.AckExplicitPolicy,
	})
	if err != nil {
		t.Fatal(err)
	}
	for range messages {
		message, err := consumer.Next(jetstream.FetchMaxWait(patience))
		if err != nil {
			t.Fatal(err)
		}
		meta, err := message.Metadata()
		if err != nil {
			t.Fatal(err)
		}
		last = meta.Sequence.Stream
		if err := message.DoubleAck(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	return last
}

func TestBackupWithoutAServiceAndItsManifest(t *testing.T) {
	t.Parallel()
	s := local(t)
	p := start(t, s)
	in := p.login(p.sandboxCode("alice"))
	p.terminate()
	p.status()
	file := filepath.Join(t.TempDir(), "b.tar")
	var manifest struct {
		Schema int64 `json:"schema"`
		Online bool  `json:"online"`
		Files  []struct{ Path string }
	}
	if err := json.Unmarshal([]byte(says(t, s, []string{"backup", "--json", "--out", file})), &manifest); err != nil {
		t.Fatal(err)
	}
	if manifest.Schema == 0 || manifest.Online || len(manifest.Files) < 4 {
		t.Errorf("manifest: got %+v, want a schema, offline, database, stream and keys", manifest)
	}
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	half := len(content) / 2
	elsewhere := s.with(settings{"data_dir": filepath.Join(t.TempDir(), "data")})
	for what, damage := range map[string][]byte{
		"with a bit that differs": slices.Concat(content[:half], []byte{content[half] ^ 1}, content[half+1:]),
		"cut off":                 content[:half],
		"empty":                   {},
	} {
		damaged := filepath.Join(t.TempDir(), "damaged.tar")
		if err := os.WriteFile(damaged, damage, 0o600); err != nil {
			t.Fatal(err)
		}
		if status, _, log := run(t, elsewhere, "restore", damaged); status != 1 || !strings.Contains(log, "restore: ") {
			t.Errorf("restore of a file %s: got status %d, want 1 and why\n%s", what, status, log)
		}
		nothingIsMade(t, elsewhere)
	}
	says(t, elsewhere, []string{"restore", file}, "restored")
	q := start(t, elsewhere)
	q.check(in.Token, http.StatusNoContent, "")
}
