package signin_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/menjin-id/menjin/application/signin"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// grant makes a code that WeChat trades for the person.
func (b *bundle) grant(t *testing.T, code, person string) {
	t.Helper()
	openID, err := domain.NewOpenID("o-" + person)
	if err != nil {
		t.Fatal(err)
	}
	key := domain.SessionKey{Secret: domain.NewSecret("tiihtNczf5v6AKRyjwEUhQ==")}
	b.wechat.Grant(code, ports.WeChatLogin{OpenID: openID, SessionKey: key})
}

func in(code string) signin.WeChatInput {
	return signin.WeChatInput{Code: domain.NewSecret(code), IP: "192.0.2.1", Device: domain.Device{ID: "phone"}}
}

func TestFirstLoginRegistersThePerson(t *testing.T) {
	t.Parallel()
	b := setup(t, false)
	b.grant(t, "code", "alice")
	got, err := b.signIn.Do(t.Context(), in("code"))
	if err != nil {
		t.Fatal(err)
	}
	if !got.IsNewUser || got.ExpiresIn != 2*time.Hour || got.RefreshExpiresIn != limits.Refresh || got.RefreshToken.IsZero() {
		t.Errorf("got new %t, expires in %s, refresh in %s", got.IsNewUser, got.ExpiresIn, got.RefreshExpiresIn)
	}
	claims, err := b.tokens.Verify(got.Token)
	if err != nil || claims.UserID != got.User.ID() || claims.SessionID != got.SessionID {
		t.Errorf("the token is for %v and %v (%v)", claims.UserID, claims.SessionID, err)
	}
	opened := b.sessions.Of(got.User.ID())
	if len(opened) != 1 || opened[0].RefreshHash != got.RefreshToken.Hash() || opened[0].SessionKey.IsZero() || opened[0].IP != "192.0.2.1" {
		t.Errorf("got sessions %+v", opened)
	}
	events := b.store.Events()
	if len(events) != 1 || events[0].Facts != (domain.Registered{Method: domain.MethodWeChat, AppID: app}) || events[0].Version != 1 {
		t.Errorf("got events %+v", events)
	}
}

func TestKnownPersonIsSignedInWithoutAnEvent(t *testing.T) {
	t.Parallel()
	b := setup(t, false)
	b.grant(t, "code-1", "alice")
	b.grant(t, "code-2", "alice")
	first, err := b.signIn.Do(t.Context(), in("code-1"))
	if err != nil {
		t.Fatal(err)
	}
	second, err := b.signIn.Do(t.Context(), in("code-2"))
	if err != nil {
		t.Fatal(err)
	}
	if second.IsNewUser || second.User.ID() != first.User.ID() || second.SessionID == first.SessionID {
		t.Errorf("got new %t, user %v and %v", second.IsNewUser, first.User.ID(), second.User.ID())
	}
	if events := b.store.Events(); len(events) != 1 {
		t.Errorf("got %d events, want 1", len(events))
	}
}

func TestSignInIsAnEventWhereAnnounced(t *testing.T) {
	t.Parallel()
	b := setup(t, true)
	b.grant(t, "code-1", "alice")
	b.grant(t, "code-2", "alice")
	for _, code := range []string{"code-1", "code-2"} {
		if _, err := b.signIn.Do(t.Context(), in(code)); err != nil {
			t.Fatal(err)
		}
	}
	events := b.store.Events()
	if len(events) != 2 || events[1].Type != domain.EventSignedIn || events[1].Version != 2 {
		t.Errorf("got events %+v", events)
	}
}

func TestOnePersonIsSomebodyElseInAnotherMiniProgram(t *testing.T) {
	t.Parallel()
	b := setup(t, false)
	b.grant(t, "code-1", "alice")
	b.grant(t, "code-2", "alice")
	first, err := b.signIn.Do(t.Context(), in("code-1"))
	if err != nil {
		t.Fatal(err)
	}
	wish := in("code-2")
	wish.AppID = "wx02"
	second, err := b.signIn.Do(t.Context(), wish)
	if err != nil || second.User.ID() == first.User.ID() {
		t.Errorf("got the same user from an openid of another mini-program (%v)", err)
	}
}

func TestBadWishIsRefusedBeforeWeChatIsAsked(t *testing.T) {
	t.Parallel()
	b := setup(t, false)
	for field, wish := range map[string]signin.WeChatInput{
		"code":   {},
		"app_id": {Code: domain.NewSecret("code"), AppID: "wx-unknown"},
	} {
		_, err := b.signIn.Do(t.Context(), wish)
		invalid, ok := errors.AsType[*domain.Error](err)
		if !ok || len(invalid.Violations) != 1 || invalid.Violations[0].Field != field {
			t.Errorf("%s: got %v", field, err)
		}
	}
	if b.wechat.Calls() != 0 {
		t.Errorf("WeChat was asked %d times", b.wechat.Calls())
	}
}

func TestRefusalOfWeChatIsPassedOn(t *testing.T) {
	t.Parallel()
	for _, want := range []error{
		domain.ErrWeChatCodeInvalid, domain.ErrWeChatCodeUsed, domain.ErrWeChatUserBlocked, domain.ErrWeChatRateLimited,
		domain.ErrWeChatFailed, domain.ErrWeChatTimeout, domain.ErrUnavailable,
	} {
		b := setup(t, false)
		b.wechat.Refuse("code", want)
		if _, err := b.signIn.Do(t.Context(), in("code")); !errors.Is(err, want) {
			t.Errorf("got %v, want %v", err, want)
		}
		if len(b.store.Events()) != 0 {
			t.Errorf("%v: somebody was registered", want)
		}
	}
}

func TestLockedUserIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t, false)
	b.grant(t, "code-1", "alice")
	b.grant(t, "code-2", "alice")
	first, err := b.signIn.Do(t.Context(), in("code-1"))
	if err != nil {
		t.Fatal(err)
	}
	locked := first.User.State()
	locked.Status = domain.StatusLocked
	b.store.Put(domain.RestoreUser(locked))
	if _, err := b.signIn.Do(t.Context(), in("code-2")); !errors.Is(err, domain.ErrAccountLocked) {
		t.Errorf("got %v, want %v", err, domain.ErrAccountLocked)
	}
	if opened := b.sessions.Of(first.User.ID()); len(opened) != 1 {
		t.Errorf("%d sessions are open, want 1", len(opened))
	}
}

func TestSessionsThatCannotBeReachedLetNobodyIn(t *testing.T) {
	t.Parallel()
	b := setup(t, false)
	b.grant(t, "code-1", "alice")
	b.grant(t, "code-2", "alice")
	b.sessions.Break(domain.ErrUnavailable)
	if _, err := b.signIn.Do(t.Context(), in("code-1")); !errors.Is(err, domain.ErrUnavailable) {
		t.Fatalf("got %v, want %v", err, domain.ErrUnavailable)
	}
	b.sessions.Break(nil)
	got, err := b.signIn.Do(t.Context(), in("code-2"))
	if err != nil || got.IsNewUser {
		t.Errorf("afterwards got new %t, %v; the registration before was kept", got.IsNewUser, err)
	}
}

func TestFortyFirstLoginsOfOnePersonMakeOneUser(t *testing.T) {
	t.Parallel()
	b := setup(t, false)
	var newUsers atomic.Int32
	var users sync.Map
	var wait sync.WaitGroup
	for i := range 40 {
		code := fmt.Sprint("code-", i)
		b.grant(t, code, "alice")
		wait.Go(func() {
			got, err := b.signIn.Do(context.Background(), in(code))
			if err != nil {
				t.Error(err)
				return
			}
			if got.IsNewUser {
				newUsers.Add(1)
			}
			users.Store(got.User.ID(), true)
		})
	}
	wait.Wait()
	count := 0
	users.Range(func(any, any) bool { count++; return true })
	if newUsers.Load() != 1 || count != 1 || len(b.store.Events()) != 1 {
		t.Errorf("got %d registrations, %d users, %d events, want one each", newUsers.Load(), count, len(b.store.Events()))
	}
}

func TestCodeOfSomebodyWhoIsGoneIsNotAnsweredAgain(t *testing.T) {
	t.Parallel()
	b := setup(t, false)
	b.grant(t, "code-1", "alice")
	first, err := b.signIn.Do(t.Context(), in("code-1"))
	if err != nil {
		t.Fatal(err)
	}
	err = b.store.InTx(t.Context(), func(ctx context.Context, tx ports.Tx) error {
		if _, err := tx.Users().ForUpdate(ctx, first.UserID); err != nil {
			return err
		}
		return tx.Users().Remove(ctx, first.UserID)
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.signIn.Do(t.Context(), in("code-1")); !errors.Is(err, domain.ErrWeChatCodeUsed) {
		t.Errorf("got error %v, want %v", err, domain.ErrWeChatCodeUsed)
	}
}
