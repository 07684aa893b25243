package portstest

import (
	"context"
	"testing"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

var ledgerContracts = []contract[*store]{
	{"there is no position before the first", noPosition},
	{"the position is the furthest recorded", position},
	{"requeueing after an event brings back the later ones", requeueAfter},
	{"requeueing with a margin brings back that much more", requeueMargin},
	{"requeueing after the zero event brings back every event", requeueZero},
	{"requeueing after an event not kept brings back every event", requeueUnknown},
	{"requeueing records where", requeuePosition},
	{"requeueing counts no event that waits anyway", requeueWaiting},
	{"requeueing leaves dead and held events alone", requeueDead},
}

func noPosition(t *testing.T, ctx context.Context, s *store) {
	s.register(t, ctx)
	if got, err := s.Ledger.Position(ctx); err != nil || got != (ports.StreamPosition{}) {
		t.Errorf("position: got %+v, error %v, want the zero value", got, err)
	}
}

func position(t *testing.T, ctx context.Context, s *store) {
	for sequence := range uint64(3) {
		s.register(t, ctx)
		s.drainAll(t, ctx)
		want := ports.StreamPosition{Stream: sampleStream, Sequence: sequence + 1}
		if got, err := s.Ledger.Position(ctx); err != nil || got != want {
			t.Errorf("position: got %+v, error %v, want %+v", got, err, want)
		}
	}
}

// published registers users and publishes their events.
func (s *store) published(t *testing.T, ctx context.Context, users int) []ports.OutboxEvent {
	t.Helper()
	for range users {
		s.register(t, ctx)
	}
	events := s.drainAll(t, ctx)
	if len(events) != users {
		t.Fatalf("events published: got %d, want %d", len(events), users)
	}
	return events
}

// wantRequeued requeues and checks that these events, and the ones that waited already, come again.
func (s *store) wantRequeued(t *testing.T, ctx context.Context, after domain.EventID, margin int64, want, waiting []ports.OutboxEvent) {
	t.Helper()
	count, err := s.Ledger.Requeue(ctx, after, margin, ports.StreamPosition{Stream: "another-stream", Sequence: 1})
	if err != nil || count != int64(len(want)) {
		t.Errorf("requeue: got %d events, error %v, want %d", count, err, len(want))
	}
	got := s.drainAll(t, ctx)
	if diff := diff(append(want[:len(want):len(want)], waiting...), got); diff != "" {
		t.Errorf("events that came again differ (-want +got):\n%s", diff)
	}
}

// above returns the events whose id is above a bound.
func above(events []ports.OutboxEvent, bound int64) (later []ports.OutboxEvent) {
	for _, event := range events {
		if event.ID > bound {
			later = append(later, event)
		}
	}
	return later
}

func requeueAfter(t *testing.T, ctx context.Context, s *store) {
	events := s.published(t, ctx, 5)
	s.wantRequeued(t, ctx, events[2].Message.ID, 0, events[3:], nil)
	s.wantRequeued(t, ctx, events[4].Message.ID, 0, nil, nil)
}

func requeueMargin(t *testing.T, ctx context.Context, s *store) {
	events := s.published(t, ctx, 5)
	const margin = 2
	s.wantRequeued(t, ctx, events[3].Message.ID, margin, above(events, events[3].ID-margin), nil)
	s.wantRequeued(t, ctx, events[3].Message.ID, 1_000_000, events, nil)
}

func requeueZero(t *testing.T, ctx context.Context, s *store) {
	s.wantRequeued(t, ctx, domain.EventID{}, 0, nil, nil)
	s.wantRequeued(t, ctx, domain.EventID{}, 0, s.published(t, ctx, 3), nil)
}

func requeueUnknown(t *testing.T, ctx context.Context, s *store) {
	events := s.published(t, ctx, 3)
	s.wantRequeued(t, ctx, domain.EventID{ID: newID()}, 1, events, nil)
}

func requeuePosition(t *testing.T, ctx context.Context, s *store) {
	events := s.published(t, ctx, 3)
	// Behind the recorded one, and of another stream: a position that only ever grew would call for the same again.
	want := ports.StreamPosition{Stream: "another-stream", Sequence: 1}
	if _, err := s.Ledger.Requeue(ctx, events[2].Message.ID, 0, want); err != nil {
		t.Fatalf("requeue: %v", err)
	}
	if got, err := s.Ledger.Position(ctx); err != nil || got != want {
		t.Errorf("position: got %+v, error %v, want %+v", got, err, want)
	}
}

func requeueWaiting(t *testing.T, ctx context.Context, s *store) {
	events := s.published(t, ctx, 3)
	user, registered := s.register(t, ctx)
	changed := s.changed(t, ctx, user.ID())
	count, err := s.Ledger.Requeue(ctx, events[1].Message.ID, 0, ports.StreamPosition{Stream: sampleStream, Sequence: 2})
	if err != nil || count != 1 {
		t.Errorf("requeue: got %d events, error %v, want 1", count, err)
	}
	got := s.drainAll(t, ctx)
	if len(got) != 3 || got[0].Message.ID != events[2].Message.ID ||
		got[1].Message.ID != registered.ID || got[2].Message.ID != changed.ID {
		t.Errorf("events afterwards: got %+v, want the last published and the two that waited", got)
	}
}

func requeueDead(t *testing.T, ctx context.Context, s *store) {
	sick, _ := s.register(t, ctx)
	published := s.drainAll(t, ctx)
	poison := s.changed(t, ctx, sick.ID())
	s.bury(t, ctx, poison)
	s.changed(t, ctx, sick.ID())
	s.wantRequeued(t, ctx, domain.EventID{}, 0, published, nil)
	s.wantDrained(t, ctx)
}
