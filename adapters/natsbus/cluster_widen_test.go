package natsbus_test

import (
	"testing"

	"github.com/menjin-id/menjin/adapters/natsbus"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/internal/testserver"
	"github.com/menjin-id/menjin/internal/testserver/natstest"
	"github.com/menjin-id/menjin/ports"
)

// TestStreamOfOneCopyIsWidenedWhileAServerIsAway is a deployment that grows: the stream stays the same one for the outbox, and
// then outlives the server it lay on.
func TestStreamOfOneCopyIsWidenedWhileAServerIsAway(t *testing.T) {
	t.Parallel()
	testserver.SkipShort(t)
	cluster := natstest.NewCluster(t)
	events := registrations(t, 60)
	one := connect(t, cluster.URL(), natsbus.Options{})
	var before ports.StreamPosition
	publishUntil(t, one, &before, events[:20])
	home := cluster.Leader(natsbus.StreamName, 1)
	cluster.Kill((home + 1) % 3)

	three := connect(t, cluster.URL(), natsbus.Options{Stream: natsbus.StreamOptions{Replicas: 3}})
	position := before
	publishUntil(t, three, &position, events[20:40])
	cluster.Start((home + 1) % 3)
	cluster.Kill(cluster.Leader(natsbus.StreamName, 3))
	publishUntil(t, three, &position, events[40:])
	if position.Stream != before.Stream {
		t.Errorf("identity of the stream: got %s, want %s as before", position.Stream, before.Stream)
	}
	times := map[domain.EventID]int{}
	for _, id := range stored(t, three) {
		times[id]++
	}
	for _, event := range events {
		if got := times[event.Message.ID]; got != 1 {
			t.Errorf("event %s: stored %d times, want once", event.Message.ID, got)
		}
	}
}

// publishUntil tries again as the relay does, and takes nothing for granted but that the stream has not gone back.
func publishUntil(t *testing.T, bus *natsbus.Bus, position *ports.StreamPosition, events []ports.OutboxEvent) {
	t.Helper()
	eventually(t, "the events are published", func() bool {
		reached, err := bus.Publish(t.Context(), *position, events)
		if err != nil {
			t.Logf("publish: %v", err)
			return false
		}
		*position = reached
		return true
	})
}
