package portstest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

var decisionContracts = []contract[*store]{
	{"a retried event comes again, and those that it held after it", retried},
	{"a discarded event does not come, those that it held do", discarded},
	{"a discarded event is not requeued", discardedForGood},
	{"what is behind the user's next dead letter stays held", retriedUpToNext},
	{"a retried event behind another dead letter waits for the decision on that", retriedBehind},
	{"an event that was given up behind a dead letter does not come with the others", discardedBehind},
	{"a retried event that is refused again is a dead letter again", retriedInVain},
	{"a decision wakes the relay", decisionWakes},
	{"a decision is for a dead letter that nobody has decided on, and for a call that lasts", decidedElsewhere},
	{"a decision is noted in the audit log, one that failed is not", decisionAudited},
}

func (s *store) retry(t *testing.T, ctx context.Context, event domain.Event) {
	t.Helper()
	if err := s.Letters.Retry(ctx, event.ID, newEntries(1)[0]); err != nil {
		t.Fatalf("retry: %v", err)
	}
}

func (s *store) discard(t *testing.T, ctx context.Context, event domain.Event) {
	t.Helper()
	if err := s.Letters.Discard(ctx, event.ID, newEntries(1)[0]); err != nil {
		t.Fatalf("discard: %v", err)
	}
}

// twoDead makes a user with four events, of which the first and the third are dead letters.
func (s *store) twoDead(t *testing.T, ctx context.Context) (events []domain.Event) {
	t.Helper()
	user, first := s.register(t, ctx)
	events = append(events, first)
	for range 3 {
		events = append(events, s.changed(t, ctx, user.ID()))
	}
	s.bury(t, ctx, events[2])
	s.bury(t, ctx, events[0])
	return events
}

func retried(t *testing.T, ctx context.Context, s *store) {
	user, poison := s.register(t, ctx)
	before := s.changed(t, ctx, user.ID())
	s.bury(t, ctx, poison)
	after := s.changed(t, ctx, user.ID())
	_, other := s.register(t, ctx)
	s.wantDrained(t, ctx, other)
	s.retry(t, ctx, poison)
	s.wantDrained(t, ctx, poison, before, after)
	s.wantDrained(t, ctx, s.changed(t, ctx, user.ID()))
	s.wantLetters(t, ctx, ports.DeadLetterFilter{})
}

func discarded(t *testing.T, ctx context.Context, s *store) {
	user, poison := s.register(t, ctx)
	before := s.changed(t, ctx, user.ID())
	s.bury(t, ctx, poison)
	after := s.changed(t, ctx, user.ID())
	s.wantDrained(t, ctx)
	s.discard(t, ctx, poison)
	s.wantDrained(t, ctx, before, after)
	s.wantDrained(t, ctx, s.changed(t, ctx, user.ID()))
}

func discardedForGood(t *testing.T, ctx context.Context, s *store) {
	_, poison := s.register(t, ctx)
	s.bury(t, ctx, poison)
	s.discard(t, ctx, poison)
	s.wantRequeued(t, ctx, domain.EventID{}, 0, nil, nil)
}

func retriedUpToNext(t *testing.T, ctx context.Context, s *store) {
	events := s.twoDead(t, ctx)
	if got := s.letters(t, ctx, ports.DeadLetterFilter{}, 0, 10); len(got) != 2 || got[0].Behind != 1 || got[1].Behind != 1 {
		t.Errorf("dead letters: got %+v, want two with one event behind each", got)
	}
	s.retry(t, ctx, events[0])
	s.wantDrained(t, ctx, events[:2]...)
	s.retry(t, ctx, events[2])
	s.wantDrained(t, ctx, events[2:]...)
}

func retriedBehind(t *testing.T, ctx context.Context, s *store) {
	events := s.twoDead(t, ctx)
	s.retry(t, ctx, events[2])
	s.wantDrained(t, ctx)
	s.wantLetters(t, ctx, ports.DeadLetterFilter{}, events[0])
	s.discard(t, ctx, events[0])
	s.wantDrained(t, ctx, events[1:]...)
}

func discardedBehind(t *testing.T, ctx context.Context, s *store) {
	events := s.twoDead(t, ctx)
	s.discard(t, ctx, events[2])
	s.wantDrained(t, ctx)
	s.retry(t, ctx, events[0])
	s.wantDrained(t, ctx, events[0], events[1], events[3])
}

func retriedInVain(t *testing.T, ctx context.Context, s *store) {
	user, poison := s.register(t, ctx)
	first, second := now().Add(-time.Hour), now()
	for i, at := range []time.Time{first, second} {
		if i > 0 {
			s.retry(t, ctx, poison)
		}
		if err := s.Queue.Bury(ctx, poison.ID, at.String(), at); err != nil {
			t.Fatalf("bury: %v", err)
		}
	}
	later := s.changed(t, ctx, user.ID())
	s.wantDrained(t, ctx)
	got := s.letters(t, ctx, ports.DeadLetterFilter{}, 0, 10)
	if len(got) != 1 || got[0].Attempts != 2 || !got[0].FirstFailedAt.Equal(first) || !got[0].LastFailedAt.Equal(second) ||
		got[0].Reason != second.String() || got[0].Resolved != "" {
		t.Errorf("dead letters: got %+v, want one that failed at %v and %v", got, first, second)
	}
	s.retry(t, ctx, poison)
	s.wantDrained(t, ctx, poison, later)
}

func decisionWakes(t *testing.T, ctx context.Context, s *store) {
	_, poison := s.register(t, ctx)
	s.bury(t, ctx, poison)
	before := s.commits.Load()
	s.retry(t, ctx, poison)
	if got := s.commits.Load(); got != before+1 {
		t.Errorf("commits announced: got %d, want %d", got, before+1)
	}
}

func decidedElsewhere(t *testing.T, ctx context.Context, s *store) {
	_, published := s.register(t, ctx)
	s.wantDrained(t, ctx, published)
	sick, decided := s.register(t, ctx)
	held := s.changed(t, ctx, sick.ID())
	s.bury(t, ctx, decided)
	for name, decide := range map[string]func(context.Context, domain.EventID, domain.AuditEntry) error{
		"retry": s.Letters.Retry, "discard": s.Letters.Discard,
	} {
		for _, id := range []domain.EventID{{ID: newID()}, published.ID, held.ID} {
			if err := decide(ctx, id, newEntries(1)[0]); !errors.Is(err, domain.ErrNotFound) {
				t.Errorf("%s of an event that is no dead letter: got error %v, want %v", name, err, domain.ErrNotFound)
			}
		}
		if err := decide(cancelled(ctx), decided.ID, newEntries(1)[0]); err == nil {
			t.Errorf("%s with a cancelled context: got no error, want one", name)
		}
	}
	s.discard(t, ctx, decided)
	for range 2 {
		if err := s.Letters.Retry(ctx, decided.ID, newEntries(1)[0]); !errors.Is(err, domain.ErrNotFound) {
			t.Errorf("retry of what was decided on: got error %v, want %v", err, domain.ErrNotFound)
		}
	}
	s.wantDrained(t, ctx, held)
}

func decisionAudited(t *testing.T, ctx context.Context, s *store) {
	user, poison := s.register(t, ctx)
	next := s.changed(t, ctx, user.ID())
	entries := newEntries(3)
	s.bury(t, ctx, poison)
	if err := s.Letters.Retry(ctx, poison.ID, entries[0]); err != nil {
		t.Fatalf("retry: %v", err)
	}
	if err := s.Letters.Retry(ctx, poison.ID, entries[1]); err == nil {
		t.Error("retry once more: got no error, want one")
	}
	s.bury(t, ctx, next)
	if err := s.Letters.Discard(ctx, next.ID, entries[2]); err != nil {
		t.Fatalf("discard: %v", err)
	}
	s.wantAudit(t, ctx, ports.AuditFilter{}, domain.ID{}, 10, entries[2], entries[0])
}
