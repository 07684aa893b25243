package portstest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

var saveContracts = []contract[*store]{
	{"what Save changed comes back, every field", savedUser},
	{"a user who loses every identity and role keeps the rest", savedBare},
	{"an identity that was taken away is found no more, and free", unlinkedIdentity},
	{"a unionid learnt late comes back", learntUnionID},
	{"what a user gives up another may have in the same transaction", movedBetweenUsers},
	{"a removed user is gone, and their events stay", removedUser},
}

// save replaces the state of a user that exists.
func (s *store) save(ctx context.Context, state domain.UserState) error {
	return s.Tx.InTx(ctx, func(ctx context.Context, tx ports.Tx) error {
		if _, err := tx.Users().ForUpdate(ctx, state.ID); err != nil {
			return err
		}
		return tx.Users().Save(ctx, domain.RestoreUser(state))
	})
}

func (s *store) saved(t *testing.T, ctx context.Context, state domain.UserState) {
	t.Helper()
	if err := s.save(ctx, domain.RestoreUser(state).State()); err != nil {
		t.Fatalf("save: %v", err)
	}
}

func savedUser(t *testing.T, ctx context.Context, s *store) {
	user, _ := s.register(t, ctx)
	want := newFullState(t)
	want.ID, want.CreatedAt = user.ID(), user.State().CreatedAt
	s.saved(t, ctx, want)
	s.wantState(t, ctx, want)
	s.saved(t, ctx, want) // nothing is different
	s.wantState(t, ctx, want)

	other := newFullState(t)
	other.ID, other.CreatedAt, other.WeChat[0] = want.ID, want.CreatedAt, want.WeChat[1]
	other.Status, other.Roles = domain.StatusActive, []domain.Role{domain.RoleSupport, domain.RoleUser}
	s.saved(t, ctx, other)
	s.wantState(t, ctx, other)
}

func savedBare(t *testing.T, ctx context.Context, s *store) {
	want := newFullState(t)
	if err := s.add(ctx, domain.RestoreUser(want)); err != nil {
		t.Fatalf("add: %v", err)
	}
	want = domain.UserState{
		ID: want.ID, Username: want.Username, PasswordHash: want.PasswordHash, Status: domain.StatusActive,
		Roles: []domain.Role{domain.RoleUser}, Version: want.Version + 1, CreatedAt: want.CreatedAt, UpdatedAt: want.UpdatedAt.Add(time.Hour),
	}
	s.saved(t, ctx, want)
	s.wantState(t, ctx, want)
	want.Username, want.PasswordHash = domain.Username{}, domain.PasswordHash{}
	s.saved(t, ctx, want)
	s.wantState(t, ctx, want)
}

func unlinkedIdentity(t *testing.T, ctx context.Context, s *store) {
	state := newFullState(t)
	if err := s.add(ctx, domain.RestoreUser(state)); err != nil {
		t.Fatalf("add: %v", err)
	}
	gone := state.WeChat[0]
	state.WeChat = state.WeChat[1:]
	s.saved(t, ctx, state)
	s.wantState(t, ctx, state)
	if _, err := s.Users.ByWeChat(ctx, gone.AppID, gone.OpenID); !errors.Is(err, domain.ErrUserNotFound) {
		t.Errorf("ByWeChat of an identity taken away: got error %v, want %v", err, domain.ErrUserNotFound)
	}
	next, event := newUserOf(gone, now())
	if err := s.add(ctx, next, event); err != nil {
		t.Errorf("add somebody with an identity taken away: %v", err)
	}
}

func learntUnionID(t *testing.T, ctx context.Context, s *store) {
	identity := newIdentity(t)
	late := identity.UnionID
	identity.UnionID = domain.UnionID{}
	user, event := newUserOf(identity, now())
	if err := s.add(ctx, user, event); err != nil {
		t.Fatalf("add: %v", err)
	}
	identity.UnionID = late
	if !user.LearnUnionID(identity) {
		t.Fatal("the unionid is no news")
	}
	s.saved(t, ctx, user.State())
	s.wantState(t, ctx, user.State())
	s.wantUnion(t, ctx, late, user.ID())
}

func movedBetweenUsers(t *testing.T, ctx context.Context, s *store) {
	loser, winner := newFullState(t), newFullState(t)
	for _, state := range []domain.UserState{loser, winner} {
		if err := s.add(ctx, domain.RestoreUser(state)); err != nil {
			t.Fatalf("add: %v", err)
		}
	}
	winner.Username, winner.Email, winner.Phone = loser.Username, loser.Email, loser.Phone
	winner.WeChat = append(winner.WeChat, loser.WeChat...)
	winner.WeChat[2].LinkedAt = winner.WeChat[1].LinkedAt.Add(time.Hour)
	winner.WeChat[3].LinkedAt = winner.WeChat[1].LinkedAt.Add(2 * time.Hour)
	loser.Username, loser.Email, loser.Phone, loser.WeChat = domain.Username{}, domain.Email{}, domain.Phone{}, nil
	if err := s.saveBoth(ctx, loser, winner); err != nil {
		t.Fatalf("move: %v", err)
	}
	s.wantState(t, ctx, loser)
	s.wantState(t, ctx, winner)
}

func removedUser(t *testing.T, ctx context.Context, s *store) {
	state := newFullState(t)
	user := domain.RestoreUser(state)
	if err := s.add(ctx, user); err != nil {
		t.Fatalf("add: %v", err)
	}
	last := user.EndAllSessions(domain.SessionID{}, domain.EndedByMerge, stamp())
	err := s.Tx.InTx(ctx, func(ctx context.Context, tx ports.Tx) error {
		if _, err := tx.Users().ForUpdate(ctx, state.ID); err != nil {
			return err
		}
		return errors.Join(tx.Outbox().Append(ctx, last), tx.Users().Remove(ctx, state.ID))
	})
	if err != nil {
		t.Fatalf("remove: %v", err)
	}
	_, byName := s.Finder.ByUsername(ctx, state.Username)
	if _, err := s.Users.ByID(ctx, state.ID); !errors.Is(err, domain.ErrUserNotFound) || !errors.Is(byName, domain.ErrUserNotFound) {
		t.Errorf("removed user: got errors %v and %v, want %v", err, byName, domain.ErrUserNotFound)
	}
	s.wantUnion(t, ctx, state.WeChat[0].UnionID)
	s.wantDrained(t, ctx, last)
	state.ID, state.Version = domain.UserID{ID: newID()}, 1
	if err := s.add(ctx, domain.RestoreUser(state)); err != nil {
		t.Errorf("add somebody with all that the removed user had: %v", err)
	}
}
