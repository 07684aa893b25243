package portstest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

var raceContracts = []contract[*store]{
	{"an identity that is taken is refused, and nothing kept", takenIdentity},
	{"an identity taken within the same transaction is refused", takenWithin},
	{"a conflict the change overlooks is still an error", overlookedConflict},
	{"the same openid in another mini-program is free", freeElsewhere},
	{"of 50 first registrations of one identity one wins", registrationRace},
	{"20 changers at once lose no update and leave no gap", changeRace},
}

func wantTaken(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, domain.ErrWeChatTaken) {
		t.Errorf("got error %v, want %v", err, domain.ErrWeChatTaken)
	}
}

func takenIdentity(t *testing.T, ctx context.Context, s *store) {
	first, event := s.register(t, ctx)
	second, secondEvent := newUserOf(first.State().WeChat[0], now())
	wantTaken(t, s.add(ctx, second, secondEvent))
	if _, err := s.Users.ByID(ctx, second.ID()); !errors.Is(err, domain.ErrUserNotFound) {
		t.Errorf("refused user: got error %v, want %v", err, domain.ErrUserNotFound)
	}
	s.wantState(t, ctx, first.State())
	s.wantDrained(t, ctx, event)
}

func takenWithin(t *testing.T, ctx context.Context, s *store) {
	identity := newIdentity(t)
	first, _ := newUserOf(identity, now())
	second, _ := newUserOf(identity, now())
	wantTaken(t, s.Tx.InTx(ctx, func(ctx context.Context, tx ports.Tx) error {
		return errors.Join(tx.Users().Add(ctx, first), tx.Users().Add(ctx, second))
	}))
	s.wantNothing(t, ctx, first)
}

func overlookedConflict(t *testing.T, ctx context.Context, s *store) {
	first, event := s.register(t, ctx)
	second, secondEvent := newUserOf(first.State().WeChat[0], now())
	wantTaken(t, s.Tx.InTx(ctx, func(ctx context.Context, tx ports.Tx) error {
		_ = tx.Users().Add(ctx, second)
		_ = tx.Outbox().Append(ctx, secondEvent)
		return nil
	}))
	s.wantDrained(t, ctx, event)
}

func freeElsewhere(t *testing.T, ctx context.Context, s *store) {
	first, _ := s.register(t, ctx)
	identity := first.State().WeChat[0]
	identity.AppID, identity.UnionID = otherApp, domain.UnionID{}
	second, event := newUserOf(identity, now())
	if err := s.add(ctx, second, event); err != nil {
		t.Errorf("add in another mini-program: %v", err)
	}
}

func registrationRace(t *testing.T, ctx context.Context, s *store) {
	identity := newIdentity(t)
	users, events, errs := make([]*domain.User, racers), make([]domain.Event, racers), make([]error, racers)
	for i := range racers {
		users[i], events[i] = newUserOf(identity, now())
	}
	var racing sync.WaitGroup
	start := make(chan struct{})
	for i := range racers {
		racing.Go(func() {
			<-start
			errs[i] = s.add(ctx, users[i], events[i])
		})
	}
	close(start)
	racing.Wait()

	winner := slices.Index(errs, nil)
	if winner < 0 {
		t.Fatalf("nobody won: %v", errors.Join(errs...))
	}
	for i, err := range errs {
		if i != winner {
			wantTaken(t, err)
		}
	}
	s.wantState(t, ctx, users[winner].State())
	s.wantDrained(t, ctx, events[winner])
}

func changeRace(t *testing.T, ctx context.Context, s *store) {
	const changers = 20
	user, registered := s.register(t, ctx)
	events, errs := make([]domain.Event, changers), make([]error, changers)
	var racing sync.WaitGroup
	start := make(chan struct{})
	for i := range changers {
		racing.Go(func() {
			<-start
			events[i], errs[i] = s.change(ctx, user.ID())
		})
	}
	close(start)
	racing.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatalf("change: %v", err)
	}

	slices.SortFunc(events, func(a, b domain.Event) int { return int(a.Version - b.Version) })
	for i, event := range events {
		if want := int64(i + 2); event.Version != want {
			t.Fatalf("version of change %d: got %d, want %d", i, event.Version, want)
		}
	}
	got, err := s.Users.ByID(ctx, user.ID())
	if err != nil || got.State().Version != changers+1 {
		t.Errorf("user afterwards: got %+v, error %v, want version %d", got, err, changers+1)
	}
	s.wantDrained(t, ctx, append([]domain.Event{registered}, events...)...)
}
