package bootstrap_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
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
	if again := q.login(w.code("alice")); again.IsNewUser || again.User.ID != alice.User.ID {
		t.Errorf("alice after the restore: got user %s, new %t; want %s", again.User.ID, again.IsNewUser, alice.User.ID)
	}
	if next := consume(t, q.events, 1); next != 2 {
		t.Errorf("the consumer goes on at %d, want 2", next)
	}
	promised.holdsFor(t, q, q.drained(w))
}

// consume reads so many messages of a durable consumer and returns the sequence of the last.
func consume(t *testing.T, url string, messages int) (last uint64) {
	t.Helper()
	conn, err := nats.Connect(url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
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
	content[len(content)/2] ^= 1
	damaged, elsewhere := filepath.Join(t.TempDir(), "damaged.tar"), s.with(settings{"data_dir": filepath.Join(t.TempDir(), "data")})
	if err := os.WriteFile(damaged, content, 0o600); err != nil {
		t.Fatal(err)
	}
	if status, _, log := run(t, elsewhere, "restore", damaged); status != 1 {
		t.Errorf("restore of a damaged file: got status %d, want 1\n%s", status, log)
	}
	nothingIsMade(t, elsewhere)
	says(t, elsewhere, []string{"restore", file}, "restored")
	q := start(t, elsewhere)
	q.check(in.Token, http.StatusNoContent, "")
}
