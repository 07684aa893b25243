package portstest

import (
	"context"
	"testing"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

var letterContracts = []contract[*store]{
	{"a dead letter is shown with its event, why it is dead and how many it holds", letterShown},
	{"dead letters come by rising outbox id, page by page", letterPages},
	{"dead letters are those of everybody, or of one user", letterOfUser},
	{"a dead letter is found by its event", letterOfEvent},
	{"dead letters that were decided on are shown on request", letterResolved},
	{"dead letters that were decided on go when their events are swept", letterSwept},
	{"dead letters that were decided on go when their events are forgotten", letterForgotten},
}

func (s *store) letters(t *testing.T, ctx context.Context, filter ports.DeadLetterFilter, after int64, limit int) []ports.DeadLetter {
	t.Helper()
	letters, err := s.Letters.Dead(ctx, filter, after, limit)
	if err != nil {
		t.Fatalf("dead letters: %v", err)
	}
	return letters
}

// wantLetters checks whose letters there are, by their events.
func (s *store) wantLetters(t *testing.T, ctx context.Context, filter ports.DeadLetterFilter, want ...domain.Event) {
	t.Helper()
	var ids, got []domain.EventID
	for _, event := range want {
		ids = append(ids, event.ID)
	}
	for _, letter := range s.letters(t, ctx, filter, 0, 100) {
		got = append(got, letter.Event.Message.ID)
	}
	if diff := diff(ids, got); diff != "" {
		t.Errorf("dead letters by %+v differ (-want +got):\n%s", filter, diff)
	}
}

func letterShown(t *testing.T, ctx context.Context, s *store) {
	user, poison := s.register(t, ctx)
	at := now().Add(-time.Minute)
	if err := s.Queue.Bury(ctx, poison.ID, "太大", at); err != nil {
		t.Fatalf("bury: %v", err)
	}
	s.changed(t, ctx, user.ID())
	s.changed(t, ctx, user.ID())
	message, err := sampleCodec{}.Encode(poison)
	if err != nil {
		t.Fatalf("encode: %v", err)
	}
	got := s.letters(t, ctx, ports.DeadLetterFilter{}, 0, 10)
	if len(got) != 1 {
		t.Fatalf("dead letters: got %+v, want one", got)
	}
	want := ports.DeadLetter{
		Event: ports.OutboxEvent{ID: got[0].Event.ID, Message: message}, Reason: "太大", Attempts: 1, FirstFailedAt: at, LastFailedAt: at, Behind: 2,
	}
	if diff := diff(want, got[0]); diff != "" {
		t.Errorf("dead letter differs (-want +got):\n%s", diff)
	}
}

func letterPages(t *testing.T, ctx context.Context, s *store) {
	for range 3 {
		_, poison := s.register(t, ctx)
		s.register(t, ctx)
		s.bury(t, ctx, poison)
	}
	all := s.letters(t, ctx, ports.DeadLetterFilter{}, 0, 10)
	if len(all) != 3 {
		t.Fatalf("dead letters: got %+v, want three", all)
	}
	for _, page := range []struct {
		after int64
		want  []ports.DeadLetter
	}{{0, all[:2]}, {all[0].Event.ID, all[1:]}, {all[1].Event.ID, all[2:]}, {all[2].Event.ID, nil}} {
		if diff := diff(page.want, s.letters(t, ctx, ports.DeadLetterFilter{}, page.after, 2)); diff != "" {
			t.Errorf("page after %d differs (-want +got):\n%s", page.after, diff)
		}
	}
}

func letterOfUser(t *testing.T, ctx context.Context, s *store) {
	user, first := s.register(t, ctx)
	_, second := s.register(t, ctx)
	s.bury(t, ctx, first)
	s.bury(t, ctx, second)
	s.wantLetters(t, ctx, ports.DeadLetterFilter{}, first, second)
	s.wantLetters(t, ctx, ports.DeadLetterFilter{User: user.ID()}, first)
	s.wantLetters(t, ctx, ports.DeadLetterFilter{User: newUserID()})
}

func letterOfEvent(t *testing.T, ctx context.Context, s *store) {
	user, first := s.register(t, ctx)
	_, second := s.register(t, ctx)
	_, published := s.register(t, ctx)
	s.bury(t, ctx, first)
	s.bury(t, ctx, second)
	s.wantDrained(t, ctx, published)
	s.wantLetters(t, ctx, ports.DeadLetterFilter{Event: second.ID}, second)
	s.wantLetters(t, ctx, ports.DeadLetterFilter{Event: second.ID, User: user.ID()})
	s.wantLetters(t, ctx, ports.DeadLetterFilter{Event: published.ID})
	s.discard(t, ctx, second)
	s.wantLetters(t, ctx, ports.DeadLetterFilter{Event: second.ID})
	s.wantLetters(t, ctx, ports.DeadLetterFilter{Event: second.ID, Resolved: true}, second)
}

func letterResolved(t *testing.T, ctx context.Context, s *store) {
	_, retried := s.register(t, ctx)
	user, discarded := s.register(t, ctx)
	_, undecided := s.register(t, ctx)
	for _, event := range []domain.Event{retried, discarded, undecided} {
		s.bury(t, ctx, event)
	}
	s.changed(t, ctx, user.ID())
	s.retry(t, ctx, retried)
	s.discard(t, ctx, discarded)
	s.wantLetters(t, ctx, ports.DeadLetterFilter{}, undecided)
	s.wantLetters(t, ctx, ports.DeadLetterFilter{Resolved: true}, retried, discarded, undecided)
	for i, want := range []ports.Resolution{ports.Retried, ports.Discarded, ""} {
		if got := s.letters(t, ctx, ports.DeadLetterFilter{Resolved: true}, 0, 10)[i]; got.Resolved != want || got.Behind != 0 {
			t.Errorf("letter %d: got %+v, want it %q, with nothing behind it", i, got, want)
		}
	}
}

func letterSwept(t *testing.T, ctx context.Context, s *store) {
	_, retried := s.register(t, ctx)
	_, discarded := s.register(t, ctx)
	_, undecided := s.register(t, ctx)
	for _, event := range []domain.Event{retried, discarded, undecided} {
		s.bury(t, ctx, event)
	}
	s.retry(t, ctx, retried)
	s.discard(t, ctx, discarded)
	s.wantDrained(t, ctx, retried)
	s.wantSwept(t, ctx, now().Add(time.Hour), 10, 2)
	s.wantLetters(t, ctx, ports.DeadLetterFilter{Resolved: true}, undecided)
}

func letterForgotten(t *testing.T, ctx context.Context, s *store) {
	user, discarded := s.register(t, ctx)
	s.bury(t, ctx, discarded)
	s.discard(t, ctx, discarded)
	last := s.changed(t, ctx, user.ID())
	s.wantDrained(t, ctx, last)
	s.forget(t, ctx, user.ID(), last.Version)
	s.wantLetters(t, ctx, ports.DeadLetterFilter{Resolved: true})
	s.wantHistory(t, ctx, user.ID(), last)
}
