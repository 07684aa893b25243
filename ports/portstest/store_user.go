package portstest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

var userContracts = []contract[*store]{
	{"a missing user is not found", missingUser},
	{"every field of a user comes back", fullUser},
	{"a user with nothing optional comes back", bareUser},
	{"a user is found by each identity, in its mini-program alone", userByIdentity},
	{"a user without WeChat comes back", passwordUser},
	{"what a caller does to a user it got stays with it", userOfItsOwn},
	{"reading with a cancelled context tells nothing", cancelledRead},
}

func missingUser(t *testing.T, ctx context.Context, s *store) {
	s.register(t, ctx)
	identity := newIdentity(t)
	_, byID := s.Users.ByID(ctx, domain.UserID{ID: newID()})
	_, byWeChat := s.Users.ByWeChat(ctx, identity.AppID, identity.OpenID)
	forUpdate := s.Tx.InTx(ctx, func(ctx context.Context, tx ports.Tx) error {
		_, err := tx.Users().ForUpdate(ctx, domain.UserID{ID: newID()})
		return err
	})
	for name, err := range map[string]error{"ByID": byID, "ByWeChat": byWeChat, "ForUpdate": forUpdate} {
		if !errors.Is(err, domain.ErrUserNotFound) {
			t.Errorf("%s of an unknown user: got error %v, want %v", name, err, domain.ErrUserNotFound)
		}
	}
}

func fullUser(t *testing.T, ctx context.Context, s *store) {
	want := newFullState(t)
	if err := s.add(ctx, domain.RestoreUser(want)); err != nil {
		t.Fatalf("add: %v", err)
	}
	s.wantState(t, ctx, want)
}

func bareUser(t *testing.T, ctx context.Context, s *store) {
	user, _ := s.register(t, ctx)
	s.wantState(t, ctx, user.State())
}

func passwordUser(t *testing.T, ctx context.Context, s *store) {
	user, event := newPasswordUser(t)
	if err := s.add(ctx, user, event); err != nil {
		t.Fatalf("add: %v", err)
	}
	s.wantState(t, ctx, user.State())
}

// wantState checks a user on the ways of reading it by id and by identity.
func (s *store) wantState(t *testing.T, ctx context.Context, want domain.UserState) {
	t.Helper()
	compare := func(read string, user *domain.User, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", read, err)
		}
		got := user.State()
		if diff := diff(want, got); diff != "" {
			t.Errorf("%s: state differs (-want +got):\n%s", read, diff)
		}
		times := []time.Time{got.CreatedAt, got.UpdatedAt, got.DeleteAt}
		for _, identity := range got.WeChat {
			times = append(times, identity.LinkedAt)
		}
		for _, at := range times {
			if at.Location() != time.UTC {
				t.Errorf("%s: got time %v, want it in UTC", read, at)
			}
		}
	}
	user, err := s.Users.ByID(ctx, want.ID)
	compare("ByID", user, err)
	for _, identity := range want.WeChat {
		user, err = s.Users.ByWeChat(ctx, identity.AppID, identity.OpenID)
		compare("ByWeChat", user, err)
	}
	err = s.Tx.InTx(ctx, func(ctx context.Context, tx ports.Tx) (err error) {
		user, err = tx.Users().ForUpdate(ctx, want.ID)
		return err
	})
	compare("ForUpdate", user, err)
}

func userByIdentity(t *testing.T, ctx context.Context, s *store) {
	state := newFullState(t)
	if err := s.add(ctx, domain.RestoreUser(state)); err != nil {
		t.Fatalf("add: %v", err)
	}
	for _, identity := range state.WeChat {
		user, err := s.Users.ByWeChat(ctx, identity.AppID, identity.OpenID)
		if err != nil || user.ID() != state.ID {
			t.Errorf("ByWeChat in %s: got user %v, error %v, want %v", identity.AppID, user, err, state.ID)
		}
	}
	if _, err := s.Users.ByWeChat(ctx, state.WeChat[1].AppID, state.WeChat[0].OpenID); !errors.Is(err, domain.ErrUserNotFound) {
		t.Errorf("ByWeChat in another mini-program: got error %v, want %v", err, domain.ErrUserNotFound)
	}
}

func userOfItsOwn(t *testing.T, ctx context.Context, s *store) {
	user, _ := s.register(t, ctx)
	want := user.State()
	got, err := s.Users.ByID(ctx, user.ID())
	if err != nil {
		t.Fatalf("read: %v", err)
	}
	got.EndAllSessions(domain.SessionID{}, domain.EndedByLogoutAll, stamp())
	user.EndAllSessions(domain.SessionID{}, domain.EndedByLogoutAll, stamp())
	s.wantState(t, ctx, want)
}

func cancelledRead(t *testing.T, ctx context.Context, s *store) {
	user, _ := s.register(t, ctx)
	identity := user.State().WeChat[0]
	_, byID := s.Users.ByID(cancelled(ctx), user.ID())
	_, byWeChat := s.Users.ByWeChat(cancelled(ctx), identity.AppID, identity.OpenID)
	for name, err := range map[string]error{"ByID": byID, "ByWeChat": byWeChat} {
		if err == nil || errors.Is(err, domain.ErrUserNotFound) {
			t.Errorf("%s with a cancelled context: got error %v, want another than %v", name, err, domain.ErrUserNotFound)
		}
	}
}
