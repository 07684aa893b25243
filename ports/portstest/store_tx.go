package portstest

import (
	"context"
	"errors"
	"testing"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

var transactionContracts = []contract[*store]{
	{"a user and its event are kept together", committed},
	{"an error of the change leaves neither user nor event, and comes back", rolledBack},
	{"an error of the change leaves a changed user as it was", rolledBackChange},
	{"a panic of the change leaves neither user nor event, and goes on", panicked},
	{"a transaction sees its own writes", ownWrites},
	{"a context that ended before leaves nothing behind", cancelledBefore},
	{"a context that ended during the change leaves nothing behind", cancelledDuring},
}

// wantNothing checks that neither the user nor any event was kept.
func (s *store) wantNothing(t *testing.T, ctx context.Context, user *domain.User) {
	t.Helper()
	if _, err := s.Users.ByID(ctx, user.ID()); !errors.Is(err, domain.ErrUserNotFound) {
		t.Errorf("user after rollback: got error %v, want %v", err, domain.ErrUserNotFound)
	}
	if got := s.drainAll(t, ctx); len(got) != 0 {
		t.Errorf("events after rollback: got %d, want none", len(got))
	}
	if got := s.commits.Load(); got != 0 {
		t.Errorf("commits announced after rollback: got %d, want none", got)
	}
}

func committed(t *testing.T, ctx context.Context, s *store) {
	user, event := s.register(t, ctx)
	s.wantState(t, ctx, user.State())
	s.wantDrained(t, ctx, event)
	if got := s.commits.Load(); got != 1 {
		t.Errorf("commits announced: got %d, want 1", got)
	}
	if err := s.Tx.InTx(ctx, func(context.Context, ports.Tx) error { return nil }); err != nil {
		t.Errorf("transaction without writes: %v", err)
	}
	if got := s.commits.Load(); got != 1 {
		t.Errorf("commits announced after one without events: got %d, want 1 as before", got)
	}
}

var errChange = errors.New("the change thinks better of it")

func rolledBack(t *testing.T, ctx context.Context, s *store) {
	user, event := newUser(t)
	err := s.Tx.InTx(ctx, func(ctx context.Context, tx ports.Tx) error {
		return errors.Join(tx.Users().Add(ctx, user), tx.Outbox().Append(ctx, event), errChange)
	})
	if !errors.Is(err, errChange) {
		t.Errorf("got error %v, want %v", err, errChange)
	}
	s.wantNothing(t, ctx, user)
	if err := s.add(ctx, user, event); err != nil {
		t.Errorf("the same again without the error: %v", err)
	}
}

func rolledBackChange(t *testing.T, ctx context.Context, s *store) {
	user, registered := s.register(t, ctx)
	want := user.State()
	err := s.Tx.InTx(ctx, func(ctx context.Context, tx ports.Tx) error {
		user, err := tx.Users().ForUpdate(ctx, want.ID)
		if err != nil {
			return err
		}
		event := user.EndAllSessions(domain.SessionID{}, domain.EndedByLogoutAll, stamp())
		return errors.Join(tx.Users().Save(ctx, user), tx.Outbox().Append(ctx, event), errChange)
	})
	if !errors.Is(err, errChange) {
		t.Errorf("got error %v, want %v", err, errChange)
	}
	s.wantState(t, ctx, want)
	s.wantDrained(t, ctx, registered)
}

func panicked(t *testing.T, ctx context.Context, s *store) {
	user, event := newUser(t)
	func() {
		defer func() {
			if got := recover(); got != any(errChange) { //nolint:errorlint // what was panicked with, not an error that was returned
				t.Errorf("recovered %v, want %v", got, errChange)
			}
		}()
		_ = s.Tx.InTx(ctx, func(ctx context.Context, tx ports.Tx) error {
			if err := errors.Join(tx.Users().Add(ctx, user), tx.Outbox().Append(ctx, event)); err != nil {
				t.Errorf("write: %v", err)
			}
			panic(errChange)
		})
	}()
	s.wantNothing(t, ctx, user)
	s.register(t, ctx)
}

func ownWrites(t *testing.T, ctx context.Context, s *store) {
	user, event := newUser(t)
	want := user.State()
	var got domain.UserState
	err := s.Tx.InTx(ctx, func(ctx context.Context, tx ports.Tx) error {
		if err := errors.Join(tx.Users().Add(ctx, user), tx.Outbox().Append(ctx, event)); err != nil {
			return err
		}
		user, err := tx.Users().ForUpdate(ctx, want.ID)
		if err == nil {
			got = user.State()
		}
		return err
	})
	if err != nil {
		t.Fatalf("add and read: %v", err)
	}
	if diff := diff(want, got); diff != "" {
		t.Errorf("state within the transaction differs (-want +got):\n%s", diff)
	}
}

func cancelledBefore(t *testing.T, ctx context.Context, s *store) {
	user, event := newUser(t)
	if err := s.add(cancelled(ctx), user, event); err == nil {
		t.Error("got no error, want one")
	}
	s.wantNothing(t, ctx, user)
}

func cancelledDuring(t *testing.T, ctx context.Context, s *store) {
	user, event := newUser(t)
	ending, cancel := context.WithCancel(ctx)
	defer cancel()
	err := s.Tx.InTx(ending, func(ctx context.Context, tx ports.Tx) error {
		err := errors.Join(tx.Users().Add(ctx, user), tx.Outbox().Append(ctx, event))
		cancel()
		return err
	})
	if err == nil {
		t.Error("got no error, want one")
	}
	s.wantNothing(t, ctx, user)
}
