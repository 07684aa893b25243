package portstest

import (
	"context"
	"errors"
	"testing"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

var appendContracts = []contract[*store]{
	{"several events of one transaction are kept in order", appendSeveral},
	{"no event is no work", appendNone},
	{"a version the user's events have already is refused", versionTwice},
	{"a version twice in one transaction is refused", versionTwiceWithin},
	{"a version stays taken after its event was published", versionOfPublished},
	{"an event id that was used is refused", eventIDTwice},
	{"an event the codec refuses takes the transaction with it", refusedByCodec},
}

func appendSeveral(t *testing.T, ctx context.Context, s *store) {
	user, registered := newUser(t)
	session := newSession(user.ID(), now(), domain.SessionLimits{})
	signedIn := user.SignIn(session, domain.MethodWeChat, stamp())
	loggedOut := user.EndSession(session.State().ID, domain.EndedByLogout, stamp())
	if err := s.add(ctx, user, registered, signedIn, loggedOut); err != nil {
		t.Fatalf("add: %v", err)
	}
	s.wantDrained(t, ctx, registered, signedIn, loggedOut)
}

func appendNone(t *testing.T, ctx context.Context, s *store) {
	user, _ := newUser(t)
	if err := s.add(ctx, user); err != nil {
		t.Fatalf("add: %v", err)
	}
	s.wantDrained(t, ctx)
	if got := s.commits.Load(); got != 0 {
		t.Errorf("commits announced: got %d, want none", got)
	}
}

// append appends events behind the lock of a user, without changing it.
func (s *store) append(ctx context.Context, id domain.UserID, events ...domain.Event) error {
	return s.Tx.InTx(ctx, func(ctx context.Context, tx ports.Tx) error {
		if _, err := tx.Users().ForUpdate(ctx, id); err != nil {
			return err
		}
		return tx.Outbox().Append(ctx, events...)
	})
}

// wantInternal checks for an error that is nothing a caller can act on.
func wantInternal(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		t.Error("got no error, want an internal one")
	}
	if public, ok := errors.AsType[*domain.Error](err); ok {
		t.Errorf("got %s, want an internal error", public.Reason)
	}
}

func versionTwice(t *testing.T, ctx context.Context, s *store) {
	user, registered := s.register(t, ctx)
	again := registered
	again.ID = domain.EventID{ID: newID()}
	wantInternal(t, s.append(ctx, user.ID(), again))
	s.wantDrained(t, ctx, registered)
}

func versionTwiceWithin(t *testing.T, ctx context.Context, s *store) {
	user, registered := s.register(t, ctx)
	first := user.EndAllSessions(domain.SessionID{}, domain.EndedByLogoutAll, stamp())
	second := first
	second.ID = domain.EventID{ID: newID()}
	wantInternal(t, s.append(ctx, user.ID(), first, second))
	s.wantDrained(t, ctx, registered)
}

func versionOfPublished(t *testing.T, ctx context.Context, s *store) {
	user, registered := s.register(t, ctx)
	s.wantDrained(t, ctx, registered)
	again := registered
	again.ID = domain.EventID{ID: newID()}
	wantInternal(t, s.append(ctx, user.ID(), again))
	s.wantDrained(t, ctx)
}

func eventIDTwice(t *testing.T, ctx context.Context, s *store) {
	user, registered := s.register(t, ctx)
	next := user.EndAllSessions(domain.SessionID{}, domain.EndedByLogoutAll, stamp())
	next.ID = registered.ID
	wantInternal(t, s.append(ctx, user.ID(), next))
	s.wantDrained(t, ctx, registered)
}

func refusedByCodec(t *testing.T, ctx context.Context, s *store) {
	user, registered := newUser(t)
	unspeakable := user.EndAllSessions(domain.SessionID{}, domain.EndedByLogoutAll, stamp())
	unspeakable.Facts = nil
	err := s.add(ctx, user, registered, unspeakable)
	wantInternal(t, err)
	if !errors.Is(err, errRefusedBySample) {
		t.Errorf("got error %v, want the codec's", err)
	}
	s.wantNothing(t, ctx, user)
}
