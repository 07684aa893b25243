package portstest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

var unionIDContracts = []contract[*store]{
	{"a unionid that somebody has is refused to a new user, and nothing kept", takenUnionID},
	{"a unionid taken within the same transaction is refused to a new user", takenUnionIDWithin},
	{"a unionid that is being registered is refused to a new user who comes meanwhile", unionIDMeanwhile},
	{"of 50 first registrations of one unionid, each in another mini-program, one wins", unionIDRace},
	{"a unionid that moves to another user at the same moment is refused to a new one", movingUnionID},
	{"users who exist may come to have one unionid", metUnionIDs},
}

// elsewhere makes an identity of the same person in another mini-program.
func elsewhere(t *testing.T, identity domain.WeChatIdentity, app domain.AppID) domain.WeChatIdentity {
	t.Helper()
	other := newIdentity(t)
	other.AppID, other.UnionID = app, identity.UnionID
	return other
}

func takenUnionID(t *testing.T, ctx context.Context, s *store) {
	first, event := s.register(t, ctx)
	for _, app := range []domain.AppID{otherApp, sampleApp} {
		second, secondEvent := newUserOf(elsewhere(t, first.State().WeChat[0], app), now())
		wantTaken(t, s.add(ctx, second, secondEvent))
		if _, err := s.Users.ByID(ctx, second.ID()); !errors.Is(err, domain.ErrUserNotFound) {
			t.Errorf("refused user: got error %v, want %v", err, domain.ErrUserNotFound)
		}
	}
	s.wantUnion(t, ctx, first.State().WeChat[0].UnionID, first.ID())
	s.wantDrained(t, ctx, event)
}

func takenUnionIDWithin(t *testing.T, ctx context.Context, s *store) {
	identity := newIdentity(t)
	first, _ := newUserOf(identity, now())
	second, _ := newUserOf(elsewhere(t, identity, otherApp), now())
	wantTaken(t, s.Tx.InTx(ctx, func(ctx context.Context, tx ports.Tx) error {
		return errors.Join(tx.Users().Add(ctx, first), tx.Users().Add(ctx, second))
	}))
	s.wantNothing(t, ctx, first)
}

func unionIDMeanwhile(t *testing.T, ctx context.Context, s *store) {
	identity := newIdentity(t)
	first, event := newUserOf(identity, now())
	second, secondEvent := newUserOf(elsewhere(t, identity, otherApp), now())
	var err, secondErr error
	var adding sync.WaitGroup
	err = s.Tx.InTx(ctx, func(ctx context.Context, tx ports.Tx) error {
		if err := errors.Join(tx.Users().Add(ctx, first), tx.Outbox().Append(ctx, event)); err != nil {
			return err
		}
		if _, err := tx.Users().ForUpdate(ctx, first.ID()); err != nil { // sends what a store held back
			return err
		}
		done := make(chan struct{})
		adding.Go(func() {
			defer close(done)
			secondErr = s.add(context.WithoutCancel(ctx), second, secondEvent)
		})
		select {
		case <-done: // refused, or let through, without waiting for the first
		case <-time.After(200 * time.Millisecond):
		}
		return nil
	})
	adding.Wait()
	if err != nil {
		t.Errorf("the first: got error %v, want none", err)
	}
	wantTaken(t, secondErr)
	s.wantUnion(t, ctx, identity.UnionID, first.ID())
}

func unionIDRace(t *testing.T, ctx context.Context, s *store) {
	identity := newIdentity(t)
	users, events := make([]*domain.User, racers), make([]domain.Event, racers)
	for i := range racers {
		users[i], events[i] = newUserOf(elsewhere(t, identity, domain.AppID(fmt.Sprintf("wx%016d", i))), now())
	}
	winner := wantOneWinner(t, racers, domain.ErrWeChatTaken, func(i int) error { return s.add(ctx, users[i], events[i]) })
	s.wantUnion(t, ctx, identity.UnionID, users[winner].ID())
	s.wantState(t, ctx, users[winner].State())
	s.wantDrained(t, ctx, events[winner])
}

func movingUnionID(t *testing.T, ctx context.Context, s *store) {
	users := [2]domain.UserState{s.addFull(t, ctx), s.addFull(t, ctx)}
	moving, rest := users[0].WeChat[0], [2][]domain.WeChatIdentity{users[0].WeChat[1:], users[1].WeChat}
	var adding sync.WaitGroup
	done := make(chan struct{})
	for range 4 {
		adding.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				user, event := newUserOf(elsewhere(t, moving, otherApp), now())
				wantTaken(t, s.add(ctx, user, event))
			}
		})
	}
	for i := range 20 {
		from, to := i%2, 1-i%2
		users[from].WeChat, users[to].WeChat = rest[from], append(slices.Clone(rest[to]), moving)
		if err := s.saveBoth(ctx, users[from], users[to]); err != nil {
			t.Errorf("move: %v", err)
		}
	}
	close(done)
	adding.Wait()
}

// saveBoth keeps two users in one transaction, the one who loses something first.
func (s *store) saveBoth(ctx context.Context, loser, winner domain.UserState) error {
	return s.Tx.InTx(ctx, func(ctx context.Context, tx ports.Tx) error {
		for _, id := range sortedIDs(loser.ID, winner.ID) {
			if _, err := tx.Users().ForUpdate(ctx, id); err != nil {
				return err
			}
		}
		if err := tx.Users().Save(ctx, domain.RestoreUser(loser)); err != nil {
			return err
		}
		return tx.Users().Save(ctx, domain.RestoreUser(winner))
	})
}

func metUnionIDs(t *testing.T, ctx context.Context, s *store) {
	first, later := newFullState(t), newFullState(t)
	later.CreatedAt = first.CreatedAt.AddDate(1, 0, 0)
	unionID := first.WeChat[0].UnionID
	for _, state := range []domain.UserState{first, later} {
		if err := s.add(ctx, domain.RestoreUser(state)); err != nil {
			t.Fatalf("add: %v", err)
		}
	}
	link := elsewhere(t, first.WeChat[0], "wx00000000000000ff")
	link.LinkedAt = now()
	learnt, linked := later, later
	learnt.WeChat = slices.Clone(later.WeChat)
	learnt.WeChat[1].UnionID = unionID
	linked.WeChat = append(slices.Clone(learnt.WeChat), link)
	for _, state := range []domain.UserState{learnt, linked} {
		s.saved(t, ctx, state)
		s.wantUnion(t, ctx, unionID, first.ID, later.ID)
	}
	user, event := newUserOf(elsewhere(t, first.WeChat[0], otherApp), now())
	wantTaken(t, s.add(ctx, user, event))
}
