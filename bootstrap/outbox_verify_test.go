package bootstrap_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

func TestVerifyFindsWhatTheStreamLostAndBringsItBack(t *testing.T) {
	t.Parallel()
	onEverySet(t, func(t *testing.T, s settings) {
		p := start(t, findable(t, s))
		var lost signIn
		for _, name := range []string{"alice", "bob", "carol"} {
			in := p.login(p.sandboxCode(name))
			p.arrives(in.User.ID, 1)
			if name == "bob" {
				lost = in
			}
		}
		says(t, p.settings, []string{"outbox", "verify"}, "compared 3 published events", "missing       0")
		id := p.arrives(lost.User.ID, 1)[0].ID
		p = operate(t, p, func(ctx context.Context, stream jetstream.Stream, js jetstream.JetStream) error {
			config := stream.CachedInfo().Config
			// So that the stream forgets that it knew the event. Twice: NATS may clear out by the window of before, and then not again soon.
			for _, config.Duplicates = range []time.Duration{100 * time.Millisecond, 101 * time.Millisecond} {
				if _, err := js.UpdateStream(ctx, config); err != nil {
					return err
				}
			}
			return stream.DeleteMsg(ctx, 2)
		})
		status, out, log := run(t, p.settings, "outbox", "verify")
		if status != 2 || !strings.Contains(out, id) || !strings.Contains(log, "1 event is missing") {
			t.Fatalf("verify: got status %d, want 2 and event %s\n%s%s", status, id, out, log)
		}
		says(t, p.settings, []string{"outbox", "verify", "--since", "1h", "--repair"}, id, "1 event waits again")
		p.arrives(lost.User.ID, 1)
		says(t, p.settings, []string{"outbox", "verify"}, "missing       0")
		p.terminate()
		p.status()
		says(t, p.settings, []string{"outbox", "verify"}, "missing       0") // without the service
		p.wantAudited(map[string]int{"outbox.requeue": 1})
	})
}

func TestVerifyTellsAFolderThatCannotBeHeldFromOneInUse(t *testing.T) {
	t.Parallel()
	s := local(t)
	says(t, s, []string{"migrate", "up"})
	lock := filepath.Join(s["data_dir"], "menjin.lock")
	if err := os.Remove(lock); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(lock, 0o700); err != nil { // nobody can open it for writing
		t.Fatal(err)
	}
	status, out, log := run(t, s, "outbox", "verify")
	if status != 1 || !strings.Contains(log, "data_dir") || !strings.Contains(log, "menjin.lock") {
		t.Errorf("verify: got status %d, want 1 and why the folder cannot be held\n%s%s", status, out, log)
	}
}
