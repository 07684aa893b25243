package account_test

import (
	"errors"
	"testing"
	"time"

	"github.com/menjin-id/menjin/application/account"
	"github.com/menjin-id/menjin/domain"
)

func (b *bundle) changePassword(t *testing.T, caller account.Caller, old, text, name string) error {
	t.Helper()
	var username domain.Username
	if name != "" {
		var err error
		if username, err = domain.NewUsername(name); err != nil {
			t.Fatal(err)
		}
	}
	uc := account.NewChangePassword(b.store, b.hasher, b.attempts, b.users(), b.ender(), b.clock)
	return uc.Do(t.Context(), caller, account.PasswordChange{Old: domain.NewSecret(old), New: domain.NewSecret(text), Username: username})
}

func (b *bundle) wantPassword(t *testing.T, user domain.UserID, text string) {
	t.Helper()
	match, _, err := b.hasher.Verify(t.Context(), domain.NewSecret(text), b.state(t, user).PasswordHash)
	if err != nil || !match {
		t.Errorf("password of %v: got match %t (%v), want it to be %q", user, match, err, text)
	}
}

func TestPasswordChangeEndsOtherSessions(t *testing.T) {
	t.Parallel()
	b := setup()
	user := b.byPassword(t, "alice")
	b.signIn(t, user)
	caller, _ := b.signIn(t, user)
	wantError(t, "change", b.changePassword(t, caller, oldPassword, newPassword, ""), nil)
	b.wantPassword(t, user, newPassword)
	b.wantSessions(t, user, caller.SessionID)
	b.wantEvents(t, domain.PasswordChanged{}, domain.SessionEnded{Except: caller.SessionID, Reason: domain.EndedByPasswordChange})
	b.wantAudit(t, caller, domain.AuditPassword, user, "")
}

func TestFirstPasswordNeedsAUsername(t *testing.T) {
	t.Parallel()
	b := setup()
	b.byPassword(t, "alice")
	user := b.byWeChat(t, "o-1")
	caller, _ := b.signIn(t, user)
	wantField(t, "without a username", b.changePassword(t, caller, "", newPassword, ""), "username")
	wantError(t, "a name that is taken", b.changePassword(t, caller, "", newPassword, "ALICE"), domain.ErrUsernameTaken)
	b.wantEvents(t)
	wantError(t, "first password", b.changePassword(t, caller, "", newPassword, "bob"), nil)
	b.wantPassword(t, user, newPassword)
	if got := b.state(t, user).Username.String(); got != "bob" {
		t.Errorf("username: got %q, want bob", got)
	}
}

func TestBadPasswordsAreRefused(t *testing.T) {
	t.Parallel()
	b := setup()
	user := b.byPassword(t, "alice-in-chains")
	caller, _ := b.signIn(t, user)
	for what, text := range map[string]string{"short": "x", "common": "password1", "the username": "Alice-In-Chains"} {
		wantField(t, what, b.changePassword(t, caller, oldPassword, text, ""), "new_password")
	}
	wantField(t, "without the old one", b.changePassword(t, caller, "", newPassword, ""), "old_password")
	wantError(t, "wrong old one", b.changePassword(t, caller, "wrong", newPassword, ""), domain.ErrBadCredentials)
	b.wantPassword(t, user, oldPassword)
	b.wantEvents(t)
}

func TestStolenSessionCannotGuessThePassword(t *testing.T) {
	t.Parallel()
	b := setup()
	user := b.byPassword(t, "alice")
	caller, _ := b.signIn(t, user)
	refused, wait := 0, time.Duration(0)
	for range 12 {
		err := b.changePassword(t, caller, "wrong", newPassword, "")
		if failure, ok := errors.AsType[*domain.Error](err); ok && errors.Is(err, domain.ErrTooManyAttempts) {
			refused, wait = refused+1, failure.RetryAfter
		}
	}
	if refused != 6 {
		t.Errorf("%d of 12 guesses were refused unheard, want 6", refused)
	}
	wantError(t, "the right one at once", b.changePassword(t, caller, oldPassword, newPassword, ""), domain.ErrTooManyAttempts)
	b.now = b.now.Add(wait)
	wantError(t, "the right one after the wait", b.changePassword(t, caller, oldPassword, newPassword, ""), nil)
	wantError(t, "the next change", b.changePassword(t, caller, newPassword, oldPassword, ""), nil)
}

func TestPasswordChangeIsCommittedThoughSessionsAreOutOfReach(t *testing.T) {
	t.Parallel()
	b := setup()
	user := b.byPassword(t, "alice")
	caller, _ := b.signIn(t, user)
	b.sessions.Break(domain.ErrUnavailable)
	wantError(t, "change", b.changePassword(t, caller, oldPassword, newPassword, ""), domain.ErrUnavailable)
	b.wantPassword(t, user, newPassword)
	b.wantEvents(t, domain.PasswordChanged{}, domain.SessionEnded{Except: caller.SessionID, Reason: domain.EndedByPasswordChange})
}
