package session_test

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/menjin-id/menjin/application/session"
	"github.com/menjin-id/menjin/domain"
)

func (b *bundle) refresher() *session.Refresh {
	return session.NewRefresh(b.refresh, b.sessions, b.sessions, b.store, b.tokens, b.ender(), b.clock, b.newID, session.AccessTTL(2*time.Hour))
}

func (b *bundle) wantRefreshed(t *testing.T, token domain.RefreshToken) session.Refreshed {
	t.Helper()
	got, err := b.refresher().Do(t.Context(), token.Secret)
	if err != nil {
		t.Fatalf("refresh: %v", err)
	}
	return got
}

func (b *bundle) wantNoRefresh(t *testing.T, token domain.RefreshToken, want *domain.Error) {
	t.Helper()
	if _, err := b.refresher().Do(t.Context(), token.Secret); !errors.Is(err, want) {
		t.Errorf("refresh: got %v, want %v", err, want)
	}
}

// wantEvents checks every event after the registration.
func (b *bundle) wantEvents(t *testing.T, want ...domain.Facts) {
	t.Helper()
	var got []domain.Facts
	for _, event := range b.store.Events()[1:] {
		got = append(got, event.Facts)
	}
	if !slices.Equal(got, want) {
		t.Errorf("events: got %+v, want %+v", got, want)
	}
}

func TestRefreshReplacesBothTokens(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.openWithToken(t)
	b.now = b.now.Add(10 * 24 * time.Hour) // idle since long
	got := b.wantRefreshed(t, token)
	if got.SessionID != token.SessionID || got.ExpiresIn != 2*time.Hour || got.RefreshExpiresIn != limits.Refresh || got.RefreshToken.Equal(token.Secret) {
		t.Errorf("got %+v, want other tokens of the same session", got)
	}
	claims, err := b.tokens.Verify(got.Token)
	if err != nil || claims.UserID != b.user.ID() || claims.SessionID != token.SessionID || !claims.ExpiresAt.Equal(b.now.Add(2*time.Hour)) ||
		!slices.Equal(claims.Roles, b.user.Roles()) {
		t.Errorf("got claims %+v (%v)", claims, err)
	}
	if err := b.check(t, got.Token); err != nil {
		t.Errorf("the session opened again: got %v", err)
	}
	next := b.wantRefreshed(t, got.RefreshToken)
	if next.RefreshToken.Equal(got.RefreshToken.Secret) {
		t.Error("the second refresh gave the same token")
	}
	b.wantEvents(t)
}

func TestRefreshNearTheAbsoluteEndPromisesNoMore(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.openWithToken(t)
	for range 4 {
		b.now = b.now.Add(20 * 24 * time.Hour)
		token = b.wantRefreshed(t, token).RefreshToken
	}
	if got := b.wantRefreshed(t, token); got.RefreshExpiresIn != 10*24*time.Hour {
		t.Errorf("after 80 of 90 days the token is good for %s, want 10 days", got.RefreshExpiresIn)
	}
}

func TestRefreshedTwiceWithinTenSecondsIsAnsweredAlike(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.openWithToken(t)
	first := b.wantRefreshed(t, token)
	b.now = b.now.Add(10 * time.Second)
	if again := b.wantRefreshed(t, token); !again.RefreshToken.Equal(first.RefreshToken.Secret) {
		t.Error("the same token was replaced by another successor")
	}
	b.wantEvents(t)
}

func TestTenRefreshesAtOnceHaveOneSuccessor(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.openWithToken(t)
	var mu sync.Mutex
	refresh := session.NewRefresh(b.refresh, b.sessions, b.sessions, b.store, b.tokens, b.ender(), b.clock, func() domain.ID {
		mu.Lock()
		defer mu.Unlock()
		return b.newID()
	}, session.AccessTTL(time.Hour))
	got := make([]session.Refreshed, 10)
	var wait sync.WaitGroup
	for i := range got {
		wait.Go(func() {
			var err error
			if got[i], err = refresh.Do(t.Context(), token.Secret); err != nil {
				t.Errorf("refresh: %v", err)
			}
		})
	}
	wait.Wait()
	for _, one := range got {
		if !one.RefreshToken.Equal(got[0].RefreshToken.Secret) {
			t.Error("one token has two successors")
		}
	}
	b.wantEvents(t)
}

func TestReuseEndsTheSessionWithAnEvent(t *testing.T) {
	t.Parallel()
	for name, age := range map[string]time.Duration{"two generations old": 0, "replaced long ago": time.Minute} {
		b := setup(t)
		stolen := b.openWithToken(t)
		current := b.wantRefreshed(t, stolen)
		if age == 0 {
			current = b.wantRefreshed(t, current.RefreshToken)
		}
		b.now = b.now.Add(age)
		b.wantNoRefresh(t, stolen, domain.ErrRefreshTokenReused)
		if err := b.check(t, current.Token); !errors.Is(err, domain.ErrSessionEnded) {
			t.Errorf("%s: got %v, want the session ended", name, err)
		}
		b.wantNoRefresh(t, current.RefreshToken, domain.ErrRefreshTokenInvalid)
		b.wantNoRefresh(t, stolen, domain.ErrRefreshTokenInvalid)
		b.wantEvents(t, domain.SessionEnded{SessionID: stolen.SessionID, Reason: domain.EndedByReuse})
		if err := b.check(t, b.token(t, b.first)); err != nil {
			t.Errorf("%s: another session of the user: got %v", name, err)
		}
	}
}

func TestReuseDuringAnOutageIsToldAfterwards(t *testing.T) {
	t.Parallel()
	b := setup(t)
	stolen := b.openWithToken(t)
	b.wantRefreshed(t, stolen)
	b.now = b.now.Add(time.Minute)
	b.store.Break(domain.ErrUnavailable)
	b.wantNoRefresh(t, stolen, domain.ErrUnavailable)
	b.store.Break(nil)
	b.wantEvents(t)
	b.wantNoRefresh(t, stolen, domain.ErrRefreshTokenReused)
	b.wantEvents(t, domain.SessionEnded{SessionID: stolen.SessionID, Reason: domain.EndedByReuse})
}

func TestForgedTokenDoesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.openWithToken(t)
	for _, text := range []string{"", "garbage", token.Reveal()[:80], "B" + token.Reveal()[1:]} {
		b.wantNoRefresh(t, domain.RefreshToken{Secret: domain.NewSecret(text)}, domain.ErrRefreshTokenInvalid)
	}
	unknown, err := b.refresh.Mint(b.user.ID(), domain.SessionID{ID: domain.ID{9}}, [32]byte{})
	if err != nil {
		t.Fatal(err)
	}
	b.wantNoRefresh(t, unknown, domain.ErrRefreshTokenInvalid)
	b.wantEvents(t)
	b.wantRefreshed(t, token)
}

func TestLockedUserKeepsTheTokenAndGetsNoOther(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.openWithToken(t)
	b.user.Lock(domain.Stamp{})
	b.store.Put(b.user)
	b.wantNoRefresh(t, token, domain.ErrAccountLocked)
	b.user.Unlock(domain.Stamp{})
	b.store.Put(b.user)
	b.wantRefreshed(t, token)
}

func TestRefreshOfSomebodyGone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	gone, err := b.refresh.Mint(domain.UserID{ID: domain.ID{9}}, b.first, [32]byte{})
	if err != nil {
		t.Fatal(err)
	}
	b.wantNoRefresh(t, gone, domain.ErrRefreshTokenInvalid)
}

func TestRefreshDuringAnOutageBlamesNoToken(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.openWithToken(t)
	b.sessions.Break(domain.ErrUnavailable)
	b.wantNoRefresh(t, token, domain.ErrUnavailable)
	b.sessions.Break(nil)
	b.wantRefreshed(t, token)
}

func TestRefreshBringsTheRolesOfThisMoment(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.openWithToken(t)
	b.user.SetRoles([]domain.Role{domain.RoleSupport}, domain.Stamp{})
	b.store.Put(b.user)
	want := b.user.Roles()
	claims, err := b.tokens.Verify(b.wantRefreshed(t, token).Token)
	if err != nil || !slices.Equal(claims.Roles, want) {
		t.Errorf("the token has roles %v (%v), want %v", claims.Roles, err, want)
	}
	for _, state := range b.sessions.Of(b.user.ID()) {
		if !slices.Equal(state.Roles, want) {
			t.Errorf("the session has roles %v, want %v", state.Roles, want)
		}
	}
}
