package portstest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

var historyContracts = []contract[*store]{
	{"a user's events are shown by rising version, whatever became of them", historyWhole},
	{"a user without events has none to show", historyNone},
	{"published events below a version are forgotten, those of others are not", forgotten},
	{"events that wait, are dead or are held are not forgotten", forgottenUnpublished},
	{"forgotten events do not come again, the last one does", forgottenForGood},
	{"forgetting is for a call that lasts", forgetCancelled},
	{"an event that WeChat pushed needs no user, and is published", pushedAppended},
	{"an event that WeChat pushed has no others behind it", pushedBuried},
	{"an event that WeChat pushed goes with its transaction", pushedRolledBack},
	{"what WeChat pushed about a user is shown with the user's events", pushedShown},
	{"what WeChat pushed about a user is forgotten with the user, also where it waits", pushedForgotten},
}

func (s *store) wantHistory(t *testing.T, ctx context.Context, user domain.UserID, events ...domain.Event) {
	t.Helper()
	var want []ports.Message
	for _, event := range events {
		message, err := sampleCodec{}.Encode(event)
		if err != nil {
			t.Fatalf("encode: %v", err)
		}
		want = append(want, message)
	}
	got, err := s.History.EventsOf(ctx, user)
	if err != nil {
		t.Fatalf("events of user: %v", err)
	}
	if diff := diff(want, got); diff != "" {
		t.Errorf("events of user differ (-want +got):\n%s", diff)
	}
	for _, message := range got {
		if message.At.Location() != time.UTC {
			t.Errorf("time of event: got %v, want it in UTC", message.At)
		}
	}
}

func historyWhole(t *testing.T, ctx context.Context, s *store) {
	user, first := s.register(t, ctx)
	other, registered := s.register(t, ctx)
	s.wantDrained(t, ctx, first, registered)
	second, third := s.changed(t, ctx, user.ID()), s.changed(t, ctx, user.ID())
	s.bury(t, ctx, second)
	fourth := s.changed(t, ctx, user.ID())
	s.wantHistory(t, ctx, user.ID(), first, second, third, fourth)
	s.wantHistory(t, ctx, other.ID(), registered)
}

func historyNone(t *testing.T, ctx context.Context, s *store) {
	s.register(t, ctx)
	s.wantHistory(t, ctx, newUserID())
	if _, err := s.History.EventsOf(cancelled(ctx), newUserID()); err == nil {
		t.Error("with a cancelled context: got no error, want one")
	}
}

func (s *store) forget(t *testing.T, ctx context.Context, user domain.UserID, below int64) {
	t.Helper()
	if err := s.Eraser.Forget(ctx, user, below); err != nil {
		t.Fatalf("forget: %v", err)
	}
}

// forgetLater forgets what does not wait, and is told to come again.
func (s *store) forgetLater(t *testing.T, ctx context.Context, user domain.UserID, below int64) {
	t.Helper()
	if err := s.Eraser.Forget(ctx, user, below); !errors.Is(err, ports.ErrEventsWait) {
		t.Errorf("forget while events wait: got error %v, want %v", err, ports.ErrEventsWait)
	}
}

func forgotten(t *testing.T, ctx context.Context, s *store) {
	user, first := s.register(t, ctx)
	other, registered := s.register(t, ctx)
	second, third := s.changed(t, ctx, user.ID()), s.changed(t, ctx, user.ID())
	s.wantDrained(t, ctx, first, registered, second, third)
	s.forget(t, ctx, newUserID(), 10)
	s.forget(t, ctx, user.ID(), 1)
	s.wantHistory(t, ctx, user.ID(), first, second, third)
	for range 2 { // forgetting again is no error
		s.forget(t, ctx, user.ID(), 3)
		s.wantHistory(t, ctx, user.ID(), third)
	}
	s.wantHistory(t, ctx, other.ID(), registered)
}

func forgottenUnpublished(t *testing.T, ctx context.Context, s *store) {
	user, first := s.register(t, ctx)
	s.wantDrained(t, ctx, first)
	waiting := s.changed(t, ctx, user.ID())
	sick, published := s.register(t, ctx)
	s.wantDrained(t, ctx, waiting, published)
	waiting = s.changed(t, ctx, user.ID())
	dead, held := s.changed(t, ctx, sick.ID()), s.changed(t, ctx, sick.ID())
	s.bury(t, ctx, dead)
	s.forgetLater(t, ctx, user.ID(), 10)
	s.forget(t, ctx, sick.ID(), 10) // nothing that waits
	s.wantHistory(t, ctx, user.ID(), waiting)
	s.wantHistory(t, ctx, sick.ID(), dead, held)
	s.wantDrained(t, ctx, waiting)
}

func forgottenForGood(t *testing.T, ctx context.Context, s *store) {
	user, first := s.register(t, ctx)
	last := s.changed(t, ctx, user.ID())
	events := s.drainAll(t, ctx)
	if len(events) != 2 || events[0].Message.ID != first.ID {
		t.Fatalf("events published: got %+v, want two", events)
	}
	s.forget(t, ctx, user.ID(), last.Version)
	s.wantRequeued(t, ctx, domain.EventID{}, 0, events[1:], nil)
	// Waiting again, it is spared.
	if _, err := s.Ledger.Requeue(ctx, domain.EventID{}, 0, ports.StreamPosition{}); err != nil {
		t.Fatalf("requeue: %v", err)
	}
	s.forgetLater(t, ctx, user.ID(), last.Version+1)
	s.forget(t, ctx, user.ID(), last.Version)
	s.wantDrained(t, ctx, last)
	s.forget(t, ctx, user.ID(), last.Version+1)
	s.wantHistory(t, ctx, user.ID())
}

func forgetCancelled(t *testing.T, ctx context.Context, s *store) {
	user, first := s.register(t, ctx)
	s.wantDrained(t, ctx, first)
	if err := s.Eraser.Forget(cancelled(ctx), user.ID(), 10); err == nil {
		t.Error("with a cancelled context: got no error, want one")
	}
	s.wantHistory(t, ctx, user.ID(), first)
}

// push keeps events that WeChat pushed.
func (s *store) push(t *testing.T, ctx context.Context, events ...domain.Event) {
	t.Helper()
	err := s.Tx.InTx(ctx, func(ctx context.Context, tx ports.Tx) error { return tx.Outbox().Append(ctx, events...) })
	if err != nil {
		t.Fatalf("append what WeChat pushed: %v", err)
	}
}

func pushedAppended(t *testing.T, ctx context.Context, s *store) {
	first, second, third := newPushed(), newPushed(), newPushed()
	s.push(t, ctx, first)
	s.push(t, ctx, second, third)
	s.wantDrained(t, ctx, first, second, third)
	if got := s.commits.Load(); got != 2 {
		t.Errorf("commits announced: got %d, want 2", got)
	}
	s.wantHistory(t, ctx, domain.UserID{ID: second.ID.ID}, second)
	err := s.Tx.InTx(ctx, func(ctx context.Context, tx ports.Tx) error { return tx.Outbox().Append(ctx, first) })
	wantInternal(t, err)
}

func pushedBuried(t *testing.T, ctx context.Context, s *store) {
	first, second := newPushed(), newPushed()
	s.push(t, ctx, first, second)
	s.bury(t, ctx, first)
	third := newPushed()
	s.push(t, ctx, third)
	s.wantDrained(t, ctx, second, third)
}

func pushedRolledBack(t *testing.T, ctx context.Context, s *store) {
	err := s.Tx.InTx(ctx, func(ctx context.Context, tx ports.Tx) error {
		return errors.Join(tx.Outbox().Append(ctx, newPushed()), errChange)
	})
	if !errors.Is(err, errChange) {
		t.Errorf("got error %v, want %v", err, errChange)
	}
	s.wantDrained(t, ctx)
}

// pushedAbout makes an event that WeChat pushed about a user.
func pushedAbout(user domain.UserID) domain.Event {
	event := newPushed()
	facts := event.Facts.(domain.WeChatPushed)
	facts.UserID = user
	event.Facts = facts
	return event
}

func pushedShown(t *testing.T, ctx context.Context, s *store) {
	user, registered := s.register(t, ctx)
	first, others := pushedAbout(user.ID()), newPushed()
	s.push(t, ctx, first, others)
	changed, second := s.changed(t, ctx, user.ID()), pushedAbout(user.ID())
	s.push(t, ctx, second)
	s.wantHistory(t, ctx, user.ID(), registered, changed, first, second)
	s.wantHistory(t, ctx, others.Facts.(domain.WeChatPushed).UserID, others)
}

func pushedForgotten(t *testing.T, ctx context.Context, s *store) {
	user, registered := s.register(t, ctx)
	published, dead, others := pushedAbout(user.ID()), pushedAbout(user.ID()), newPushed()
	s.push(t, ctx, published, dead, others)
	s.bury(t, ctx, dead)
	s.wantDrained(t, ctx, registered, published, others)
	waiting, waitsToo := pushedAbout(user.ID()), newPushed()
	s.push(t, ctx, waiting, waitsToo)
	for range 2 {
		s.forget(t, ctx, user.ID(), 1)
		s.wantHistory(t, ctx, user.ID(), registered, dead)
	}
	s.wantDrained(t, ctx, waitsToo)
	s.wantHistory(t, ctx, others.Facts.(domain.WeChatPushed).UserID, others)
}
