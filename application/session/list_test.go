package session_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/menjin-id/menjin/adapters/memory"
	"github.com/menjin-id/menjin/application/session"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

func (b *bundle) list() *session.List { return session.NewList(b.sessions, b.clock) }

func TestListShowsWhereTheCallerIsSignedIn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.now = b.now.Add(limits.Idle)
	third := b.open(t)
	got, err := b.list().Do(t.Context(), b.user.ID())
	if err != nil || len(got) != 3 || got[0].State().ID != third || got[0].Check(b.now) != nil || got[1].Check(b.now) == nil {
		t.Errorf("got %d sessions (%v), want 3, the newest first and alone live", len(got), err)
	}
	b.sessions.Break(domain.ErrUnavailable)
	if _, err := b.list().Do(t.Context(), b.user.ID()); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("sessions out of reach: got %v, want %v", err, domain.ErrUnavailable)
	}
}

func TestEndOwnEndsOneOfTheCallersSessions(t *testing.T) {
	t.Parallel()
	b := setup(t)
	end := session.NewEndOwn(b.list(), b.ender())
	for name, wish := range map[string]struct {
		user domain.UserID
		id   domain.SessionID
	}{
		"unknown": {b.user.ID(), domain.SessionID{ID: domain.ID{9}}}, "somebody else's": {domain.UserID{ID: domain.ID{9}}, b.first},
	} {
		if err := end.Do(t.Context(), wish.user, wish.id); !errors.Is(err, domain.ErrNotFound) {
			t.Errorf("%s: got %v, want %v", name, err, domain.ErrNotFound)
		}
	}
	b.wantEvents(t)
	if err := end.Do(t.Context(), b.user.ID(), b.first); err != nil {
		t.Fatal(err)
	}
	if err := b.check(t, b.token(t, b.first)); !errors.Is(err, domain.ErrSessionEnded) {
		t.Errorf("the ended session: got %v", err)
	}
	if err := b.check(t, b.token(t, b.second)); err != nil {
		t.Errorf("the other session: got %v", err)
	}
	b.wantEvents(t, domain.SessionEnded{SessionID: b.first, Reason: domain.EndedByOwner})
	if err := end.Do(t.Context(), b.user.ID(), b.first); !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("ended twice: got %v, want %v", err, domain.ErrNotFound)
	}
}

func TestCheckTellsTheRolesOfThisMoment(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token, err := b.tokens.Issue(domain.Claims{
		UserID: b.user.ID(), SessionID: b.first, Roles: []domain.Role{domain.RoleAdmin}, ExpiresAt: b.now.Add(time.Hour),
	})
	if err != nil {
		t.Fatal(err)
	}
	claims, err := session.NewCheck(b.tokens, b.sessions, b.clock).Do(t.Context(), token)
	if err != nil || !slices.Equal(claims.Roles, []domain.Role{domain.RoleUser}) {
		t.Errorf("got roles %v (%v), want those kept with the session", claims.Roles, err)
	}
}

func TestFollowBringsTheRolesOfThisMoment(t *testing.T) {
	t.Parallel()
	b := setup(t)
	events := b.user.SetRoles([]domain.Role{domain.RoleSupport}, domain.Stamp{At: b.now})
	b.store.Put(b.user) // the crash: committed, and not brought to the sessions
	feed := memory.NewSessionFeed()
	feed.Publish(ports.SessionNotice{UserID: domain.UserID{ID: domain.ID{9}}, RolesChanged: true}) // somebody gone since
	feed.Publish(ports.SessionNotice{UserID: events[0].UserID, Version: events[0].Version, RolesChanged: true})
	b.follow(t, feed, 2)
	for _, state := range b.sessions.Of(b.user.ID()) {
		if !slices.Equal(state.Roles, []domain.Role{domain.RoleSupport, domain.RoleUser}) {
			t.Errorf("got roles %v", state.Roles)
		}
	}
}

func TestFollowSparesTheExceptedAndLaterSessions(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.user.EndAllSessions(b.second, domain.EndedByPasswordChange, domain.Stamp{At: b.now})
	b.store.Put(b.user)
	later := b.open(t)
	feed := memory.NewSessionFeed()
	feed.Publish(ports.SessionNotice{UserID: b.user.ID(), Version: b.version(t), Except: b.second})
	b.follow(t, feed, 1)
	for id, want := range map[domain.SessionID]error{b.first: domain.ErrSessionEnded, b.second: nil, later: nil} {
		if err := b.check(t, b.token(t, id)); !errors.Is(err, want) {
			t.Errorf("session %v: got %v, want %v", id, err, want)
		}
	}
}

func TestDeletedUserIsLetGoOf(t *testing.T) {
	t.Parallel()
	b := setup(t)
	feed := memory.NewSessionFeed()
	feed.Publish(ports.SessionNotice{UserID: b.user.ID(), Version: 7, Deleted: true})
	b.follow(t, feed, 1)
	if last, found := b.forgotten[b.user.ID()]; !found || last != 7 {
		t.Errorf("let go of up to version %d, %v, want 7", last, found)
	}
}

func TestDeletionEndsSessionsBeforeWhatToldOfTheirEndGoes(t *testing.T) {
	t.Parallel()
	for _, merged := range []bool{false, true} {
		b := setup(t)
		deleted := ports.SessionNotice{UserID: b.user.ID(), Version: b.version(t) + 2, Deleted: true}
		if merged {
			deleted.UserID, deleted.Also = domain.UserID{ID: domain.ID{9}}, []domain.UserID{b.user.ID()}
		}
		b.sessions.Break(domain.ErrUnavailable)
		feed := memory.NewSessionFeed()
		ctx, cancel := context.WithCancel(t.Context())
		failing := onceFeed{notice: deleted, done: cancel}
		if err := session.NewFollow(failing, b.store, b.sessions, &b.forgotten).Run(ctx); err != nil {
			t.Fatal(err)
		}
		if len(b.forgotten) != 0 {
			t.Errorf("merged %t, sessions out of reach: let go of %v, want nobody", merged, b.forgotten)
		}
		b.sessions.Break(nil)
		feed.Publish(deleted)
		b.follow(t, feed, 1)
		if left := b.sessions.Of(b.user.ID()); len(left) != 0 {
			t.Errorf("merged %t: %d sessions left, want none", merged, len(left))
		}
		if _, found := b.forgotten[b.user.ID()]; !found {
			t.Errorf("merged %t: the user is not let go of", merged)
		}
	}
}

// onceFeed brings one notice once, whatever becomes of it.
type onceFeed struct {
	notice ports.SessionNotice
	done   func()
}

func (f onceFeed) Follow(ctx context.Context, handle func(context.Context, ports.SessionNotice) error) error {
	defer f.done()
	return handle(ctx, f.notice)
}
