package natsbus_test

import (
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/menjin-id/menjin/adapters/natsbus"
	"github.com/menjin-id/menjin/internal/testserver/natstest"
)

func TestRestoredStreamsAreWhatTheyWere(t *testing.T) {
	t.Parallel()
	copies := t.TempDir()
	a := embeddedAt(t, t.TempDir())
	mustEnsure(t, a)
	before := subscriberStreams(t, a, true)
	if err := a.Snapshot(t.Context(), copies); err != nil {
		t.Fatal(err)
	}
	store := t.TempDir()
	b := embeddedAt(t, store)
	restored, err := b.Restore(t.Context(), copies)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Restore(t.Context(), copies); err == nil {
		t.Error("restored over streams that were there")
	}
	b.Close()
	after := subscriberStreams(t, embeddedAt(t, store), false) // as loaded anew
	for name, want := range before {
		got := after[name]
		if got == nil || got.State.LastSeq != want.State.LastSeq ||
			got.Config.Description != want.Config.Description {
			t.Errorf("stream %s: got %+v, want %+v", name, got, want)
		}
	}
	was, is := before[natsbus.StreamName].Created.UTC(), after[natsbus.StreamName].Created.UTC()
	if want := (natsbus.Restored{Was: was.Format(time.RFC3339Nano), Is: is.Format(time.RFC3339Nano)}); restored != want {
		t.Errorf("identities: got %+v, want %+v", restored, want)
	}
}

func embeddedAt(t *testing.T, store string) *natsbus.Embedded {
	t.Helper()
	server, err := natsbus.StartEmbedded(store, natsbus.EmbeddedOptions{Addr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	return server
}

func mustEnsure(t *testing.T, server *natsbus.Embedded) {
	t.Helper()
	bus, err := server.Connect(natsbus.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer bus.Close()
	if err := bus.EnsureStream(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// subscriberStreams are the service's and one of the subscribers' own, with a message in it.
func subscriberStreams(t *testing.T, server *natsbus.Embedded, make bool) map[string]*jetstream.StreamInfo {
	t.Helper()
	js := natstest.JetStream(t, server.URL())
	defer js.Conn().Close()
	if make {
		if _, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "DEAD", Subjects: []string{"dead.>"}}); err != nil {
			t.Fatal(err)
		}
		if _, err := js.Publish(t.Context(), "dead.one", []byte("letter")); err != nil {
			t.Fatal(err)
		}
	}
	found := map[string]*jetstream.StreamInfo{}
	for _, name := range []string{"DEAD", natsbus.StreamName} {
		stream, err := js.Stream(t.Context(), name)
		if err != nil {
			t.Fatalf("stream %s: %v", name, err)
		}
		found[name] = stream.CachedInfo()
	}
	return found
}
