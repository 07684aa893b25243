package portstest

import (
	"context"
	"testing"
	"time"

	"github.com/menjin-id/menjin/ports"
)

var monitorContracts = []contract[*store]{
	{"an empty outbox has nothing to tell", statusEmpty},
	{"what waits is counted, and since when", statusWaiting},
	{"dead letters and held users are counted, held events do not wait", statusDead},
	{"a shard tells what was published last, and for how long it is delayed", statusShard},
}

func (s *store) status(t *testing.T, ctx context.Context) ports.OutboxStatus {
	t.Helper()
	status, err := s.Monitor.Status(ctx)
	if err != nil {
		t.Fatalf("status: %v", err)
	}
	return status
}

// wantStatus checks the sums, and that the shards' are the same.
func (s *store) wantStatus(t *testing.T, ctx context.Context, waiting, dead, held int64, oldest time.Time) {
	t.Helper()
	got := s.status(t, ctx)
	var inShards int64
	for _, shard := range got.Shards {
		inShards += shard.Waiting
	}
	if got.Waiting != waiting || inShards != waiting || got.Dead != dead || got.Held != held || !got.OldestAt.Equal(oldest) {
		t.Errorf("status: got %+v, want %d waiting since %v, %d dead, %d held", got, waiting, oldest, dead, held)
	}
	if len(got.Shards) == 0 {
		t.Error("status: got no shards")
	}
}

func statusEmpty(t *testing.T, ctx context.Context, s *store) {
	s.wantStatus(t, ctx, 0, 0, 0, time.Time{})
	if _, err := s.Monitor.Status(cancelled(ctx)); err == nil {
		t.Error("with a cancelled context: got no error, want one")
	}
}

func statusWaiting(t *testing.T, ctx context.Context, s *store) {
	first := s.registerAt(t, ctx, now().Add(-time.Hour))
	s.register(t, ctx)
	s.wantStatus(t, ctx, 2, 0, 0, first.At)
	s.drainAll(t, ctx)
	s.wantStatus(t, ctx, 0, 0, 0, time.Time{})
}

func statusDead(t *testing.T, ctx context.Context, s *store) {
	sick, poison := s.register(t, ctx)
	s.changed(t, ctx, sick.ID())
	s.bury(t, ctx, poison)
	s.changed(t, ctx, sick.ID())
	_, other := s.register(t, ctx)
	s.wantStatus(t, ctx, 1, 1, 1, other.At)
	s.drainAll(t, ctx)
	s.wantStatus(t, ctx, 0, 1, 1, time.Time{})
	if err := s.Letters.Discard(ctx, poison.ID, newEntries(1)[0]); err != nil {
		t.Fatalf("discard: %v", err)
	}
	if got := s.status(t, ctx); got.Waiting != 2 || got.Dead != 0 || got.Held != 0 {
		t.Errorf("status once it is decided: got %+v, want 2 waiting, none dead or held", got)
	}
}

func statusShard(t *testing.T, ctx context.Context, s *store) {
	last := s.published(t, ctx, 2)[1]
	s.register(t, ctx)
	until := now().Add(delayTime)
	shard := s.delay(t, ctx, until)
	got := s.status(t, ctx).Shards
	want := ports.ShardStatus{
		Shard: shard, Waiting: 1, DelayedUntil: until, LastID: last.ID, Position: ports.StreamPosition{Stream: sampleStream, Sequence: 2},
	}
	if len(got) != 1 || got[0] != want {
		t.Errorf("shards: got %+v, want %+v", got, want)
	}
	if err := s.Queue.Delay(ctx, shard, now().Add(-time.Hour)); err != nil {
		t.Fatalf("delay: %v", err)
	}
	if got := s.status(t, ctx).Shards[0].DelayedUntil; !got.IsZero() {
		t.Errorf("delay that has passed: got %v, want none", got)
	}
}
