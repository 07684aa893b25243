package portstest

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

var switchContracts = []contract[*store]{
	{"a paused shard is left alone until it is resumed", paused},
	{"all shards are paused and resumed at once", pausedAll},
	{"a shard there is not cannot be paused", pausedUnknown},
	{"pausing waits for the batch under way", pausedBusy},
	{"resuming ends a delay, pausing does not", resumedDelay},
}

func (s *store) setPaused(t *testing.T, ctx context.Context, shard *int, paused bool) (note domain.AuditEntry) {
	t.Helper()
	note = newEntries(1)[0]
	if err := s.Switch.SetPaused(ctx, shard, paused, note); err != nil {
		t.Fatalf("set paused to %v: %v", paused, err)
	}
	for _, status := range s.status(t, ctx).Shards {
		if (shard == nil || status.Shard == *shard) && status.Paused != paused {
			t.Errorf("shard %d: got paused %v, want %v", status.Shard, status.Paused, paused)
		}
	}
	return note
}

func paused(t *testing.T, ctx context.Context, s *store) {
	shard := s.status(t, ctx).Shards[0].Shard
	s.setPaused(t, ctx, &shard, true)
	_, event := s.register(t, ctx)
	s.wantLeftAlone(t, ctx)
	s.wantStatus(t, ctx, 1, 0, 0, event.At)
	before := s.commits.Load()
	s.setPaused(t, ctx, &shard, false)
	if got := s.commits.Load(); got != before+1 {
		t.Errorf("commits announced: got %d, want %d", got, before+1)
	}
	s.wantDrained(t, ctx, event)
}

func pausedAll(t *testing.T, ctx context.Context, s *store) {
	_, event := s.register(t, ctx)
	first := s.setPaused(t, ctx, nil, true)
	s.wantLeftAlone(t, ctx)
	second := s.setPaused(t, ctx, nil, false)
	s.wantDrained(t, ctx, event)
	for _, note := range []domain.AuditEntry{first, second} {
		s.wantAudit(t, ctx, ports.AuditFilter{Target: note.Target}, domain.ID{}, 10, note)
	}
}

func pausedUnknown(t *testing.T, ctx context.Context, s *store) {
	for _, shard := range []int{-1, 99} {
		if err := s.Switch.SetPaused(ctx, &shard, true, newEntries(1)[0]); !errors.Is(err, domain.ErrNotFound) {
			t.Errorf("pause shard %d: got error %v, want %v", shard, err, domain.ErrNotFound)
		}
	}
	if err := s.Switch.SetPaused(cancelled(ctx), nil, true, newEntries(1)[0]); err == nil {
		t.Error("with a cancelled context: got no error, want one")
	}
	s.wantAudit(t, ctx, ports.AuditFilter{}, domain.ID{}, 10)
	_, event := s.register(t, ctx)
	s.wantDrained(t, ctx, event)
}

// pausedBusy pauses while a batch is published, and looks at what had become of the batch when that returned.
func pausedBusy(t *testing.T, ctx context.Context, s *store) {
	s.register(t, ctx)
	var stored atomic.Bool
	returned := make(chan error, 1)
	_, err := s.Queue.Drain(ctx, 10, func(ctx context.Context, recorded ports.StreamPosition, events []ports.OutboxEvent) (ports.StreamPosition, error) {
		begun := make(chan struct{})
		go func() {
			close(begun)
			err := s.Switch.SetPaused(context.WithoutCancel(ctx), nil, true, newEntries(1)[0])
			if err == nil && !stored.Load() {
				err = errors.New("paused before the batch was at its end")
			}
			returned <- err
		}()
		<-begun
		for range 100 { // statements in between give the other a chance to come too early
			if _, err := s.Users.ByID(ctx, newUserID()); !errors.Is(err, domain.ErrUserNotFound) {
				t.Errorf("read a user: %v", err)
			}
		}
		stored.Store(true)
		return s.accept(func(ports.OutboxEvent) {})(ctx, recorded, events)
	})
	if err != nil {
		t.Errorf("drain: %v", err)
	}
	if err := <-returned; err != nil {
		t.Errorf("pause: %v", err)
	}
	s.register(t, ctx)
	s.wantLeftAlone(t, ctx)
}

func resumedDelay(t *testing.T, ctx context.Context, s *store) {
	_, event := s.register(t, ctx)
	until := now().Add(delayTime)
	shard := s.delay(t, ctx, until)
	s.setPaused(t, ctx, &shard, true)
	if got := s.status(t, ctx).Shards[shard].DelayedUntil; !got.Equal(until) {
		t.Errorf("delay of a paused shard: got %v, want %v", got, until)
	}
	s.setPaused(t, ctx, &shard, false)
	if got := s.status(t, ctx).Shards[shard].DelayedUntil; !got.IsZero() {
		t.Errorf("delay of a resumed shard: got %v, want none", got)
	}
	s.wantDrained(t, ctx, event)
}
