package natstest_test

import (
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/menjin-id/menjin/internal/testserver/natstest"
)

func publish(t *testing.T, js jetstream.JetStream) {
	t.Helper()
	config := jetstream.StreamConfig{Name: "gate", Subjects: []string{"gate.>"}}
	if _, err := js.CreateOrUpdateStream(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	if _, err := js.Publish(t.Context(), "gate.opened", nil); err != nil {
		t.Fatal(err)
	}
}

func messages(t *testing.T, js jetstream.JetStream) uint64 {
	t.Helper()
	stream, err := js.Stream(t.Context(), "gate")
	if err != nil {
		t.Fatal(err)
	}
	return stream.CachedInfo().State.Msgs
}

func TestEachTestHasAServerOfItsOwn(t *testing.T) {
	t.Parallel()
	first, second := natstest.JetStream(t, natstest.URL(t)), natstest.JetStream(t, natstest.URL(t))
	publish(t, first)
	if got := messages(t, first); got != 1 {
		t.Errorf("messages on the first server: got %d, want 1", got)
	}
	if _, err := second.Stream(t.Context(), "gate"); err == nil {
		t.Error("the second server has the stream of the first")
	}
}

func TestServerKeepsAddressAndStreamsOverStopAndKill(t *testing.T) {
	t.Parallel()
	server := natstest.NewServer(t)
	for _, end := range []func(){server.Stop, server.Kill} {
		publish(t, natstest.JetStream(t, server.URL()))
		end()
		if conn, err := nats.Connect(server.URL()); err == nil {
			conn.Close()
			t.Error("connected to a server that is down")
		}
		server.Start()
	}
	if got, want := messages(t, natstest.JetStream(t, server.URL())), uint64(2); got != want {
		t.Errorf("messages after two restarts: got %d, want %d", got, want)
	}
}
