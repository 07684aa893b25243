package careless_test

import (
	"context"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/menjin-id/menjin/adapters/cloudevent"
	"github.com/menjin-id/menjin/adapters/natsbus"
	"github.com/menjin-id/menjin/chaos/book"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/internal/testserver/natstest"
	"github.com/menjin-id/menjin/ports"
)

const patience = 60 * time.Second

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

func newID() domain.ID { return domain.ID(uuid.Must(uuid.NewV7())) }

// history makes the first events of one user.
func history(t *testing.T, count int) []ports.OutboxEvent {
	t.Helper()
	user, events := domain.UserID{ID: newID()}, make([]ports.OutboxEvent, count)
	for i := range events {
		message, err := cloudevent.New().Encode(domain.Event{
			ID: domain.EventID{ID: newID()}, Type: domain.EventRegistered, UserID: user, Version: int64(i + 1), At: time.Now().UTC(),
			Facts: domain.Registered{Method: domain.MethodPassword},
		})
		if err != nil {
			t.Fatal(err)
		}
		events[i] = ports.OutboxEvent{ID: int64(i + 1), Message: message}
	}
	return events
}

// open starts a NATS server and connects the real adapter to it.
func open(t *testing.T) (bus *natsbus.Bus, url string) {
	t.Helper()
	url = natstest.URL(t)
	bus, err := natsbus.Connect(domain.NewSecret(url), natsbus.Options{Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(bus.Close)
	return bus, url
}

func ensure(t *testing.T, bus *natsbus.Bus) {
	t.Helper()
	if err := bus.EnsureStream(limited(t)); err != nil {
		t.Fatal(err)
	}
}

func limited(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// versions reads what the stream holds of the one user.
func versions(t *testing.T, url string) (versions []int64) {
	t.Helper()
	stream, err := book.OpenStream(url)
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	stored, _, err := stream.Read(limited(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, message := range stored {
		versions = append(versions, message.Version)
	}
	return versions
}

func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for ctx := limited(t); !done(); {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("given up waiting for %s", what)
		}
	}
}
