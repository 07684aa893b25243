package portstest

import (
	"context"
	"testing"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// delayTime is longer than a case takes.
const delayTime = ports.LongestDelay - time.Second

// delay fails to publish once, to learn the shard of what waits, and delays that.
func (s *store) delay(t *testing.T, ctx context.Context, until time.Time) (shard int) {
	t.Helper()
	drained, err := s.Queue.Drain(ctx, 1, func(context.Context, ports.StreamPosition, []ports.OutboxEvent) (ports.StreamPosition, error) {
		return ports.StreamPosition{}, errPublish
	})
	if drained.Events != 1 {
		t.Fatalf("drain: got %+v, error %v, want 1 event", drained, err)
	}
	if err := s.Queue.Delay(ctx, drained.Shard, until); err != nil {
		t.Fatalf("delay: %v", err)
	}
	return drained.Shard
}

// wantLeftAlone checks that nothing is published now.
func (s *store) wantLeftAlone(t *testing.T, ctx context.Context) {
	t.Helper()
	drained, err := s.Queue.Drain(ctx, 10, func(context.Context, ports.StreamPosition, []ports.OutboxEvent) (ports.StreamPosition, error) {
		t.Error("publish was called, want no call")
		return ports.StreamPosition{}, errPublish
	})
	if err != nil || drained.Events != 0 {
		t.Errorf("drain: got %+v, error %v, want nothing done", drained, err)
	}
}

func delayed(t *testing.T, ctx context.Context, s *store) {
	user, _ := s.register(t, ctx)
	s.delay(t, ctx, now().Add(delayTime))
	s.wantLeftAlone(t, ctx)
	s.changed(t, ctx, user.ID())
	s.wantLeftAlone(t, ctx)
}

func delayEnds(t *testing.T, ctx context.Context, s *store) {
	_, event := s.register(t, ctx)
	until := now().Add(30 * time.Millisecond)
	s.delay(t, ctx, until)
	var got domain.EventID
	eventually(t, ctx, "drain after a delay", func() bool {
		drained, err := s.Queue.Drain(ctx, 1, s.accept(func(e ports.OutboxEvent) { got = e.Message.ID }))
		if err != nil {
			t.Fatalf("drain: %v", err)
		}
		return drained.Events == 1
	})
	if early := time.Until(until); early > 0 {
		t.Errorf("drained %s before the delay was over", early)
	}
	if got != event.ID {
		t.Errorf("event: got %v, want %v", got, event.ID)
	}
}

func delayCut(t *testing.T, ctx context.Context, s *store) {
	_, event := s.register(t, ctx)
	shard := s.delay(t, ctx, now().Add(delayTime))
	if err := s.Queue.Delay(ctx, shard, now().Add(-time.Second)); err != nil {
		t.Fatalf("cut the delay: %v", err)
	}
	s.wantDrained(t, ctx, event)
}

func delayAhead(t *testing.T, ctx context.Context, s *store) {
	_, event := s.register(t, ctx)
	shard := s.delay(t, ctx, now().Add(ports.LongestDelay+time.Hour))
	if got := s.status(t, ctx).Shards[shard].DelayedUntil; !got.IsZero() {
		t.Errorf("shard %d: got a delay until %v, want none", shard, got)
	}
	s.wantDrained(t, ctx, event)
}
