package natsbus

import (
	"context"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

func TestSearchForAnEventThatTakesTooLongFindsNoneAndKeepsTheConnection(t *testing.T) {
	t.Parallel()
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	server, err := StartEmbedded(t.TempDir(), EmbeddedOptions{Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	bus, err := server.Connect(Options{Log: quiet, readTimeout: time.Nanosecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(bus.Close)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	user := domain.UserID{ID: domain.ID{0: 1, 6: 0x70, 8: 0x80}}
	event := ports.OutboxEvent{ID: 1, Message: ports.Message{
		ID: domain.EventID(user), Type: "menjin.user.locked.v1", Subject: "menjin.user.locked." + user.String(), UserID: user,
		UserVersion: 1, At: time.Now(), Data: []byte("{}"),
	}}
	recorded, err := bus.Publish(ctx, ports.StreamPosition{}, []ports.OutboxEvent{event})
	if err != nil {
		t.Fatal(err)
	}
	if err := bus.Replay(ctx, recorded, ports.Replay{ID: user.ID}, []ports.OutboxEvent{event}); err != nil {
		t.Fatal(err)
	}
	before, err := bus.connected(ctx, &bus.publisher)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := bus.EventAt(ctx, 2); err != nil || !got.IsZero() {
		t.Errorf("event behind one that was sent again: got %s, error %v, want none", got, err)
	}
	if got, err := bus.EventAt(ctx, 1); err != nil || got != event.Message.ID {
		t.Errorf("event that needs no search: got %s, error %v, want %s", got, err, event.Message.ID)
	}
	if after, err := bus.connected(ctx, &bus.publisher); err != nil || after != before {
		t.Errorf("connection: got another one, error %v, want the same", err)
	}
}
