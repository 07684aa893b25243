package portstest

import (
	"context"
	"testing"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

var archiveContracts = []contract[*store]{
	{"the oldest published events are swept first, at most the limit at once", sweepLimit},
	{"events younger than the instant stay", sweepYounger},
	{"events that wait, are dead or are held stay", sweepUnpublished},
	{"a swept event's user goes on", sweepUser},
}

// registerAt is register at another time than now.
func (s *store) registerAt(t *testing.T, ctx context.Context, at time.Time) domain.Event {
	t.Helper()
	user, event := newUserOf(newIdentity(t), at)
	if err := s.add(ctx, user, event); err != nil {
		t.Fatalf("register a user: %v", err)
	}
	return event
}

func (s *store) wantSwept(t *testing.T, ctx context.Context, before time.Time, limit int, want int64) {
	t.Helper()
	if got, err := s.Archive.Sweep(ctx, before, limit); err != nil || got != want {
		t.Errorf("sweep: got %d events, error %v, want %d", got, err, want)
	}
}

func sweepLimit(t *testing.T, ctx context.Context, s *store) {
	old := now().Add(-time.Hour)
	for i := range 5 {
		s.registerAt(t, ctx, old.Add(time.Duration(i)*time.Second))
	}
	events := s.drainAll(t, ctx)
	s.wantSwept(t, ctx, now(), 2, 2)
	s.wantRequeued(t, ctx, domain.EventID{}, 0, events[2:], nil)
	s.wantSwept(t, ctx, now(), 2, 2)
	s.wantSwept(t, ctx, now(), 2, 1)
	s.wantSwept(t, ctx, now(), 2, 0)
}

func sweepYounger(t *testing.T, ctx context.Context, s *store) {
	instant := now().Add(-time.Hour)
	s.registerAt(t, ctx, instant.Add(-time.Microsecond))
	s.registerAt(t, ctx, instant.Add(time.Microsecond))
	events := s.drainAll(t, ctx)
	s.wantSwept(t, ctx, instant, 10, 1)
	s.wantRequeued(t, ctx, domain.EventID{}, 0, events[1:], nil)
}

func sweepUnpublished(t *testing.T, ctx context.Context, s *store) {
	sick, poison := s.register(t, ctx)
	s.changed(t, ctx, sick.ID())
	s.bury(t, ctx, poison)
	_, waiting := s.register(t, ctx)
	s.wantSwept(t, ctx, now().Add(time.Hour), 10, 0)
	s.changed(t, ctx, sick.ID())
	s.wantDrained(t, ctx, waiting)
	s.wantSwept(t, ctx, now().Add(time.Hour), 10, 1)
	s.wantSwept(t, ctx, now().Add(time.Hour), 10, 0)
}

func sweepUser(t *testing.T, ctx context.Context, s *store) {
	user, _ := s.register(t, ctx)
	s.drainAll(t, ctx)
	s.wantSwept(t, ctx, now().Add(time.Hour), 10, 1)
	s.wantState(t, ctx, user.State())
	s.wantDrained(t, ctx, s.changed(t, ctx, user.ID()))
	if _, err := s.Ledger.Requeue(ctx, domain.EventID{}, 0, ports.StreamPosition{}); err != nil {
		t.Errorf("requeue: %v", err)
	}
}
