package signin_test

import (
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/menjin-id/menjin/adapters/memory"
	merging "github.com/menjin-id/menjin/application/account"
	"github.com/menjin-id/menjin/application/session"
	"github.com/menjin-id/menjin/application/update"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// change commits a change of a user and returns the version it gave them.
func (b *bundle) change(t *testing.T, id domain.UserID, change func(u *domain.User, c update.Change) []domain.Event) int64 {
	t.Helper()
	version, err := b.users.One(t.Context(), id, nil, func(u *domain.User, c update.Change) ([]domain.Event, error) {
		return change(u, c), nil
	})
	if err != nil {
		t.Errorf("change user: %v", err)
	}
	return version
}

func lock(u *domain.User, c update.Change) []domain.Event {
	return append(u.Lock(c.Stamp()), u.EndAllSessions(domain.SessionID{}, domain.EndedByLock, c.Stamp()))
}

func logoutAll(u *domain.User, c update.Change) []domain.Event {
	return []domain.Event{u.EndAllSessions(domain.SessionID{}, domain.EndedByLogoutAll, c.Stamp())}
}

func TestWhatHappensWhileAPersonSignsInCounts(t *testing.T) {
	t.Parallel()
	other, err := memory.NewPasswordHasher(2).Hash(t.Context(), domain.Password{Secret: domain.NewSecret("another-password")})
	if err != nil {
		t.Fatal(err)
	}
	same, err := memory.NewPasswordHasher(2).Hash(t.Context(), domain.Password{Secret: domain.NewSecret(rightPassword)})
	if err != nil {
		t.Fatal(err)
	}
	newPassword := func(hash domain.PasswordHash) func(*domain.User, update.Change) []domain.Event {
		return func(u *domain.User, c update.Change) []domain.Event {
			changed, err := u.SetPassword(hash, domain.Username{}, c.Stamp())
			if err != nil {
				t.Error(err)
			}
			return append(logoutAll(u, c), changed)
		}
	}
	for _, test := range []struct {
		name   string
		change func(*domain.User, update.Change) []domain.Event
		want   error
	}{
		{"a lock", lock, domain.ErrAccountLocked},
		{"another password", newPassword(other), domain.ErrBadCredentials},
		{"another hash of the password", newPassword(same), nil},
		{"an end of all sessions", logoutAll, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, false)
			owner := registered(t, b).User.ID()
			b.sessions.meanwhile = sync.OnceFunc(func() {
				version := b.change(t, owner, test.change)
				if err := b.ender.CarryOut(t.Context(), owner, version, domain.SessionID{}); err != nil {
					t.Error(err)
				}
			})
			got := b.wantSignIn(t, from("192.0.2.1", "alice", rightPassword), test.want)
			b.wantOnly(t, owner, got.SessionID)
		})
	}
}

// wantOnly wants no session of a user kept but one, if any.
func (b *bundle) wantOnly(t *testing.T, user domain.UserID, want domain.SessionID) {
	t.Helper()
	for _, state := range b.sessions.Of(user) {
		if state.ID != want {
			t.Errorf("session %v is kept, want %v alone", state.ID, want)
		}
	}
	if want != (domain.SessionID{}) {
		b.wantLive(t, user, want)
	}
}

func TestRolesTakenWhileAPersonSignsInAreGone(t *testing.T) {
	t.Parallel()
	b := setup(t, false)
	alice := registered(t, b).User.ID()
	roles := func(roles ...domain.Role) int64 {
		return b.change(t, alice, func(u *domain.User, c update.Change) []domain.Event { return u.SetRoles(roles, c.Stamp()) })
	}
	roles(domain.RoleAdmin)
	b.sessions.meanwhile = sync.OnceFunc(func() {
		if err := b.sessions.SetRoles(t.Context(), alice, roles(), []domain.Role{domain.RoleUser}); err != nil {
			t.Error(err)
		}
	})
	got := b.wantSignIn(t, from("192.0.2.1", "alice", rightPassword), nil)
	claims, err := b.tokens.Verify(got.Token)
	if want := []domain.Role{domain.RoleUser}; err != nil || !slices.Equal(claims.Roles, want) || !slices.Equal(got.User.Roles(), want) {
		t.Errorf("roles in the token: got %v, of the user %v, error %v, want %v", claims.Roles, got.User.Roles(), err, want)
	}
	touched, err := b.sessions.Touch(t.Context(), alice, got.SessionID, b.now())
	if err != nil || !slices.Equal(touched, []domain.Role{domain.RoleUser}) {
		t.Errorf("roles of the session: got %v, error %v, want none but of a user", touched, err)
	}
}

func TestAccountMergedWhileItsOwnerSignsInIsToBeTriedAgain(t *testing.T) {
	t.Parallel()
	b := setup(t, false)
	older := registered(t, b).User.ID()
	b.grant(t, "code-1", "alice")
	b.grant(t, "code-2", "alice")
	first, err := b.signIn.Do(t.Context(), in("code-1"))
	if err != nil {
		t.Fatal(err)
	}
	younger := first.User.ID()
	b.sessions.meanwhile = sync.OnceFunc(func() {
		if _, err := merging.NewMerger(b.store, b.users, b.ender).Merge(t.Context(), older, younger, nil); err != nil {
			t.Error(err)
		}
	})
	if _, err := b.signIn.Do(t.Context(), in("code-2")); !errors.Is(err, domain.ErrSessionEnded) {
		t.Errorf("got %v, want %v", err, domain.ErrSessionEnded)
	}
	if left := len(b.sessions.Of(older)) + len(b.sessions.Of(younger)); left != 0 {
		t.Errorf("%d sessions are kept, want none", left)
	}
}

func TestSignInGivesUpWhenItsUserChangesAgainAndAgain(t *testing.T) {
	t.Parallel()
	b := setup(t, false)
	owner := registered(t, b).User.ID()
	times := 0
	b.sessions.meanwhile = func() {
		times++
		if err := b.ender.All(t.Context(), owner, domain.SessionID{}, domain.EndedByLogoutAll, nil); err != nil {
			t.Error(err)
		}
	}
	b.wantSignIn(t, from("192.0.2.1", "alice", rightPassword), domain.ErrUnavailable)
	b.wantOnly(t, owner, domain.SessionID{})
	if times != 3 {
		t.Errorf("tried %d times, want 3", times)
	}
}

// A change may die between its commit and the ending of sessions. The feed makes that good for a sign-in, too, that read the
// user before the commit and opens its session before the feed comes by, or after.
func TestSignInThatRacesAChangeWhichDied(t *testing.T) {
	t.Parallel()
	for name, feedFirst := range map[string]bool{"opened before the feed": false, "opened after the feed": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, false)
			owner := registered(t, b).User.ID()
			var version int64
			b.sessions.meanwhile = sync.OnceFunc(func() {
				version = b.change(t, owner, lock) // and nothing more
				if feedFirst {
					b.follow(t, ports.SessionNotice{UserID: owner, Version: version})
				}
			})
			want := map[bool]error{false: nil, true: domain.ErrAccountLocked}[feedFirst]
			b.wantSignIn(t, from("192.0.2.1", "alice", rightPassword), want)
			if !feedFirst {
				b.follow(t, ports.SessionNotice{UserID: owner, Version: version})
			}
			b.wantOnly(t, owner, domain.SessionID{})
		})
	}
}

// follow lets the feed bring one notice.
func (b *bundle) follow(t *testing.T, notice ports.SessionNotice) {
	t.Helper()
	feed := &oneNotice{notice: notice}
	if err := session.NewFollow(feed, b.store, b.sessions, nil).Run(t.Context()); err != nil {
		t.Errorf("follow: %v", err)
	}
}
