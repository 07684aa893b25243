package signin_test

import (
	"errors"
	"testing"
	"time"

	"github.com/menjin-id/menjin/application/signin"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// asked lets a user wait for the end of a cooling-off.
func (b *bundle) asked(t *testing.T, id domain.UserID) {
	t.Helper()
	state := b.state(t, id)
	state.DeleteAt = b.now().Add(time.Hour)
	b.store.Put(domain.RestoreUser(state))
}

func TestSigningInCancelsADeletion(t *testing.T) {
	t.Parallel()
	b := setup(t, false)
	openID, err := domain.NewOpenID("o-li")
	if err != nil {
		t.Fatal(err)
	}
	signIn := func(code string) domain.UserID {
		b.wechat.Grant(code, ports.WeChatLogin{OpenID: openID})
		result, err := b.signIn.Do(t.Context(), signin.WeChatInput{Code: domain.NewSecret(code), IP: "192.0.2.1"})
		if err != nil {
			t.Fatalf("sign in: %v", err)
		}
		return result.UserID
	}
	id := signIn("code-1")
	if entries := b.store.AuditEntries(); len(entries) != 0 {
		t.Fatalf("audit log: got %+v, want nothing of somebody who never asked", entries)
	}
	b.asked(t, id)
	if again := signIn("code-2"); again != id || !b.state(t, id).DeleteAt.IsZero() {
		t.Errorf("got user %v with %+v, want the same one kept", again, b.state(t, id))
	}
	entries := b.store.AuditEntries()
	if len(entries) != 1 {
		t.Fatalf("audit log: got %+v, want one entry", entries)
	}
	want := domain.AuditEntry{
		ID: entries[0].ID, At: b.now(), Actor: domain.Actor{UserID: id}, Action: domain.AuditDeletionUndo, Target: id, IP: "192.0.2.1",
	}
	if entries[0] != want {
		t.Errorf("audit log: got %+v, want %+v", entries[0], want)
	}
	b.wantEvents(t, domain.Registered{Method: domain.MethodWeChat, AppID: app})
}

func TestSigningInDoesNotCancelADeletionThatIsDue(t *testing.T) {
	t.Parallel()
	for name, meanwhile := range map[string]bool{"due before": false, "due while the session is opened": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, false)
			openID, err := domain.NewOpenID("o-li")
			if err != nil {
				t.Fatal(err)
			}
			b.wechat.Grant("code-1", ports.WeChatLogin{OpenID: openID})
			first, err := b.signIn.Do(t.Context(), signin.WeChatInput{Code: domain.NewSecret("code-1")})
			if err != nil {
				t.Fatal(err)
			}
			b.asked(t, first.UserID)
			if err := b.sessions.End(t.Context(), first.UserID, first.SessionID); err != nil {
				t.Fatal(err)
			}
			if meanwhile {
				b.sessions.meanwhile = func() { b.advance(time.Hour) }
			} else {
				b.advance(time.Hour)
				b.sessions.meanwhile = func() { t.Error("a session was opened") }
			}
			b.wechat.Grant("code-2", ports.WeChatLogin{OpenID: openID})
			_, err = b.signIn.Do(t.Context(), signin.WeChatInput{Code: domain.NewSecret("code-2")})
			failure, ok := errors.AsType[*domain.Error](err)
			if !ok || !errors.Is(err, domain.ErrUnavailable) || failure.RetryAfter != time.Minute {
				t.Errorf("got error %v, want %v after a minute", err, domain.ErrUnavailable)
			}
			if b.state(t, first.UserID).DeleteAt.IsZero() {
				t.Error("the deletion was cancelled")
			}
			if left := b.sessions.Of(first.UserID); len(left) != 0 {
				t.Errorf("%d sessions are left, want none", len(left))
			}
			if entries := b.store.AuditEntries(); len(entries) != 0 {
				t.Errorf("audit log: got %+v, want nothing", entries)
			}
		})
	}
}

func TestLockedUserDoesNotCancelADeletion(t *testing.T) {
	t.Parallel()
	b := setup(t, false)
	openID, err := domain.NewOpenID("o-li")
	if err != nil {
		t.Fatal(err)
	}
	b.wechat.Grant("code-1", ports.WeChatLogin{OpenID: openID})
	result, err := b.signIn.Do(t.Context(), signin.WeChatInput{Code: domain.NewSecret("code-1")})
	if err != nil {
		t.Fatal(err)
	}
	b.asked(t, result.UserID)
	state := b.state(t, result.UserID)
	state.Status = domain.StatusLocked
	b.store.Put(domain.RestoreUser(state))
	b.wechat.Grant("code-2", ports.WeChatLogin{OpenID: openID})
	if _, err := b.signIn.Do(t.Context(), signin.WeChatInput{Code: domain.NewSecret("code-2")}); err == nil {
		t.Error("a locked user signed in")
	}
	if b.state(t, result.UserID).DeleteAt.IsZero() {
		t.Error("the deletion was cancelled")
	}
}
