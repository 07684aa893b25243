package signin_test

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/menjin-id/menjin/domain"
)

// guess tries wrong passwords and returns how many were refused unheard, and how long the last is to wait.
func (b *bundle) guess(t *testing.T, ip string, times int) (refused int, wait time.Duration) {
	t.Helper()
	for range times {
		_, err := b.password.Do(t.Context(), from(ip, "alice", "wrong"))
		failure, ok := errors.AsType[*domain.Error](err)
		switch {
		case ok && errors.Is(err, domain.ErrTooManyAttempts) && failure.RetryAfter > 0:
			refused, wait = refused+1, failure.RetryAfter
		case !errors.Is(err, domain.ErrBadCredentials):
			t.Errorf("wrong password: got %v", err)
		}
	}
	return refused, wait
}

func (b *bundle) wantLive(t *testing.T, user domain.UserID, id domain.SessionID) {
	t.Helper()
	if _, err := b.sessions.Touch(t.Context(), user, id, b.now()); err != nil {
		t.Errorf("touch: got %v, want the session live", err)
	}
}

func TestTwelveWrongPasswordsInARow(t *testing.T) {
	t.Parallel()
	b := setup(t, false)
	alice := registered(t, b)
	refused, wait := b.guess(t, "192.0.2.1", 12)
	if refused < 4 || wait > 15*time.Minute {
		t.Errorf("of 12 tries %d were refused, the last for %s, want at least 4, 15 minutes at most", refused, wait)
	}
	b.wantLive(t, alice.User.ID(), alice.SessionID)
	b.wantSignIn(t, from("192.0.2.1", "alice", rightPassword), domain.ErrTooManyAttempts)
	b.advance(wait)
	b.wantSignIn(t, from("192.0.2.1", "alice", rightPassword), nil)
	b.wantSignIn(t, from("192.0.2.1", "alice", rightPassword), nil)
	b.wantLive(t, alice.User.ID(), alice.SessionID)
}

func TestStrangerCannotKeepTheOwnerOut(t *testing.T) {
	t.Parallel()
	b := setup(t, false)
	alice := registered(t, b)
	refused := 0
	for i := range 60 {
		some, _ := b.guess(t, fmt.Sprintf("203.0.113.%d", i), 5)
		refused += some
	}
	if refused != 200 {
		t.Errorf("of 300 tries from 60 addresses %d were refused, want 200", refused)
	}
	b.wantSignIn(t, from("198.51.100.7", "alice", rightPassword), domain.ErrTooManyAttempts)
	b.wantSignIn(t, from("192.0.2.1", "alice", rightPassword), nil)
	b.wantLive(t, alice.User.ID(), alice.SessionID)
	b.advance(time.Minute)
	b.wantSignIn(t, from("198.51.100.7", "alice", rightPassword), nil)
}

func TestGuessingOneAddressLeavesOthersAlone(t *testing.T) {
	t.Parallel()
	b := setup(t, false)
	registered(t, b)
	b.guess(t, "203.0.113.1", 12)
	b.wantSignIn(t, from("203.0.113.2", "alice", rightPassword), nil)
	b.wantSignIn(t, from("203.0.113.1", "bob", rightPassword), domain.ErrBadCredentials)
	b.wantSignIn(t, from("203.0.113.1", "alice", rightPassword), domain.ErrTooManyAttempts)
}

func TestUnknownNameIsSlowedDownAlike(t *testing.T) {
	t.Parallel()
	b := setup(t, false)
	registered(t, b)
	for _, login := range []string{"alice", "nobody", "nobody@example.com"} {
		refused := 0
		for range 12 {
			if _, err := b.password.Do(t.Context(), from("203.0.113.9", login, "wrong")); errors.Is(err, domain.ErrTooManyAttempts) {
				refused++
			}
		}
		if refused != 6 {
			t.Errorf("%s: %d of 12 tries were refused, want 6", login, refused)
		}
	}
}

func TestGuessesAtOnceAreNoMoreThanInARow(t *testing.T) {
	t.Parallel()
	b := setup(t, false)
	registered(t, b)
	var heard atomic.Int32
	var wait sync.WaitGroup
	for range 40 {
		wait.Go(func() {
			if _, err := b.password.Do(t.Context(), from("203.0.113.1", "ALICE", "wrong")); errors.Is(err, domain.ErrBadCredentials) {
				heard.Add(1)
			}
		})
	}
	wait.Wait()
	if heard.Load() != 6 {
		t.Errorf("%d of 40 tries at once were heard, want 6", heard.Load())
	}
}
