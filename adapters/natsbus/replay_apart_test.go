package natsbus_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/menjin-id/menjin/adapters/natsbus"
	"github.com/menjin-id/menjin/internal/testserver/natstest"
	"github.com/menjin-id/menjin/ports"
)

// restored publishes events, copies what the server has, publishes more, and brings the copy back. It returns a bus on the
// server as it is then, and where it ended before.
func restored(t *testing.T, kept, lost []ports.OutboxEvent) (bus *natsbus.Bus, recorded ports.StreamPosition) {
	t.Helper()
	folder, copied := t.TempDir(), filepath.Join(t.TempDir(), "copy")
	serve := func(work func(bus *natsbus.Bus)) {
		server, err := natsbus.StartEmbedded(folder, natsbus.EmbeddedOptions{Log: quiet})
		if err != nil {
			t.Fatal(err)
		}
		bus := within(t, server, natsbus.Options{})
		work(bus)
		bus.Close()
		server.Close()
	}
	serve(func(bus *natsbus.Bus) { publish(t, bus, kept...) })
	if err := os.CopyFS(copied, os.DirFS(folder)); err != nil {
		t.Fatal(err)
	}
	serve(func(bus *natsbus.Bus) { recorded = publish(t, bus, lost...) })
	server, err := natsbus.StartEmbedded(copied, natsbus.EmbeddedOptions{Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	return within(t, server, natsbus.Options{}), recorded
}

func TestReplayDoesNotHideWhatARestoredStreamHasLost(t *testing.T) {
	t.Parallel()
	kept := registrations(t, 100)
	bus, recorded := restored(t, kept, registrations(t, 50))
	intact := ports.StreamPosition{Stream: recorded.Stream, Sequence: 100}
	for what, send := range map[string]func() error{
		"replay": func() error { return bus.Replay(limited(t), recorded, ports.Replay{ID: newID()}, kept) },
		"publish": func() error {
			_, err := bus.Publish(limited(t), recorded, registrations(t, 1))
			return err
		},
	} {
		err := send()
		if rewound, ok := errors.AsType[*ports.RewoundError](err); !ok || rewound.Intact != intact {
			t.Errorf("%s: got error %v, want it rewound to %+v", what, err, intact)
		}
	}
	if tail, err := bus.Tail(limited(t)); err != nil || tail != intact {
		t.Errorf("tail: got %+v, error %v, want %+v", tail, err, intact)
	}
}

// publishBeside publishes batches until work is done, and wants all of them taken.
func publishBeside(t *testing.T, bus *natsbus.Bus, work func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		work()
	}()
	for batches := 0; ; batches++ {
		if _, err := bus.Publish(limited(t), ports.StreamPosition{}, registrations(t, 100)); err != nil {
			t.Errorf("batch %d beside replays: %v", batches, err)
		}
		select {
		case <-done:
			return
		default:
		}
	}
}

func TestReplayThatFailsLeavesTheRelayAlone(t *testing.T) {
	t.Parallel()
	url := natstest.URL(t)
	_, js := client(t, url)
	if _, err := js.CreateStream(limited(t), jetstream.StreamConfig{
		Name: "FULL", Subjects: []string{"menjin.replay.search.>"}, MaxMsgs: 1, Discard: jetstream.DiscardNew,
	}); err != nil {
		t.Fatal(err)
	}
	bus := connect(t, url, natsbus.Options{})
	publish(t, bus, registrations(t, 1)...)
	publishBeside(t, bus, func() {
		for range 20 {
			err := bus.Replay(limited(t), ports.StreamPosition{}, ports.Replay{ID: newID(), To: "search"}, registrations(t, 50))
			wantUnavailable(t, err)
		}
	})
}

func TestReplayThatIsCutOffLeavesTheRelayAlone(t *testing.T) {
	t.Parallel()
	bus := within(t, embedded(t), natsbus.Options{})
	publish(t, bus, registrations(t, 1)...)
	publishBeside(t, bus, func() {
		for range 20 {
			ctx, cancel := context.WithCancel(t.Context())
			sent := make(chan error, 1)
			go func() {
				sent <- bus.Replay(ctx, ports.StreamPosition{}, ports.Replay{ID: newID()}, registrations(t, 500))
			}()
			cancel()
			<-sent
		}
	})
}

func TestConnectionOfReplaysIsNoReconnection(t *testing.T) {
	t.Parallel()
	bus := within(t, embedded(t), natsbus.Options{})
	publish(t, bus, registrations(t, 1)...)
	drain(bus.Reconnected())
	if err := bus.Replay(limited(t), ports.StreamPosition{}, ports.Replay{ID: newID()}, registrations(t, 1)); err != nil {
		t.Fatal(err)
	}
	select {
	case <-bus.Reconnected():
		t.Error("a replay's connection was told as a reconnection")
	default:
	}
}

func TestEventWaitsWhileAnotherStreamHasTheEventsSubjects(t *testing.T) {
	t.Parallel()
	url := natstest.URL(t)
	bus := connect(t, url, natsbus.Options{})
	publish(t, bus, registrations(t, 1)...)
	_, js := client(t, url)
	if err := js.DeleteStream(limited(t), natsbus.StreamName); err != nil {
		t.Fatal(err)
	}
	if _, err := js.CreateStream(limited(t), jetstream.StreamConfig{Name: "OTHER", Subjects: []string{"menjin.user.>"}}); err != nil {
		t.Fatal(err)
	}
	_, err := bus.Publish(limited(t), ports.StreamPosition{}, registrations(t, 1))
	wantUnavailable(t, err)
	if rejected, ok := errors.AsType[*ports.RejectedError](err); ok {
		t.Errorf("got %v, want the event to wait", rejected)
	}
}
