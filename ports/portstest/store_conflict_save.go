package portstest

import (
	"context"
	"errors"
	"testing"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// saveRace lets users who exist race for one thing after the other.
func saveRace(t *testing.T, ctx context.Context, s *store) {
	states := make([]domain.UserState, racers)
	err := s.Tx.InTx(ctx, func(ctx context.Context, tx ports.Tx) error {
		for i := range states {
			states[i] = newFullState(t)
			if err := tx.Users().Add(ctx, domain.RestoreUser(states[i])); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatalf("add: %v", err)
	}
	prize := newFullState(t)
	for _, c := range []struct {
		conflict *domain.Error
		take     func(state *domain.UserState)
	}{
		{domain.ErrUsernameTaken, func(state *domain.UserState) { state.Username = prize.Username }},
		{domain.ErrEmailTaken, func(state *domain.UserState) { state.Email = prize.Email }},
		{domain.ErrPhoneTaken, func(state *domain.UserState) { state.Phone = prize.Phone }},
		{domain.ErrWeChatTaken, func(state *domain.UserState) { state.WeChat = prize.WeChat[:1] }},
	} {
		wanted := make([]domain.UserState, racers)
		for i := range wanted {
			wanted[i] = domain.RestoreUser(states[i]).State()
			c.take(&wanted[i])
		}
		winner := wantOneWinner(t, racers, c.conflict, func(i int) error { return s.save(ctx, wanted[i]) })
		states[winner] = wanted[winner]
		s.wantState(t, ctx, states[winner])
		s.wantState(t, ctx, states[(winner+1)%racers])
	}
}

func nothingToCollide(t *testing.T, ctx context.Context, s *store) {
	for range 3 {
		identity := newIdentity(t)
		identity.UnionID = domain.UnionID{}
		user, event := newUserOf(identity, now())
		if err := s.add(ctx, user, event); err != nil {
			t.Errorf("add: %v", err)
		}
		state := user.State()
		state.WeChat = nil
		if err := s.save(ctx, state); err != nil {
			t.Errorf("save: %v", err)
		}
		s.wantState(t, ctx, state)
	}
	if found, err := s.Finder.ByUnionID(ctx, domain.UnionID{}); err == nil && len(found) > 0 {
		t.Errorf("ByUnionID of none: got %d users, want none", len(found))
	}
	if _, err := s.Finder.ByEmail(ctx, domain.Email{}); err != nil && !errors.Is(err, domain.ErrUserNotFound) {
		t.Errorf("ByEmail of none: got error %v, want %v", err, domain.ErrUserNotFound)
	}
}
