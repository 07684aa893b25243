package account_test

import (
	"testing"

	"github.com/menjin-id/menjin/application/account"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// link posts a code that WeChat trades for an openid.
func (b *bundle) link(t *testing.T, caller account.Caller, openID string, named domain.AppID) (*domain.User, error) {
	t.Helper()
	open, err := domain.NewOpenID(openID)
	if err != nil {
		t.Fatal(err)
	}
	b.wechat.Grant("code-"+openID, ports.WeChatLogin{OpenID: open})
	uc := account.NewLinkWeChat(b.wechat, b.users(), []domain.AppID{app, "wx02"})
	return uc.Do(t.Context(), caller, domain.NewSecret("code-"+openID), named)
}

func TestLinkedIdentityIsAnotherWayToSignIn(t *testing.T) {
	t.Parallel()
	b := setup()
	caller, _ := b.signIn(t, b.byPassword(t, "alice"))
	user, err := b.link(t, caller, "o-1", "")
	wantError(t, "link", err, nil)
	if got := user.State().WeChat; len(got) != 1 || got[0].AppID != app || !got[0].LinkedAt.Equal(b.now) {
		t.Errorf("identities: got %+v", got)
	}
	b.wantEvents(t, domain.WeChatLinked{AppID: app})
	b.wantAudit(t, caller, domain.AuditLink, caller.UserID, string(app))
	if _, err := b.link(t, caller, "o-1", ""); err != nil {
		t.Errorf("link again: %v", err)
	}
	b.wantEvents(t, domain.WeChatLinked{AppID: app})
}

func TestIdentityOfSomebodyElseIsNotLinked(t *testing.T) {
	t.Parallel()
	b := setup()
	owner := b.byWeChat(t, "o-1")
	caller, _ := b.signIn(t, b.byPassword(t, "alice"))
	_, err := b.link(t, caller, "o-1", app)
	wantError(t, "link", err, domain.ErrWeChatTaken)
	if len(b.state(t, owner).WeChat) != 1 || len(b.state(t, caller.UserID).WeChat) != 0 || len(b.store.AuditEntries()) != 0 {
		t.Error("a refused link changed something")
	}
	b.wantEvents(t)
}

func TestLinkingRefusesWhatSignInRefuses(t *testing.T) {
	t.Parallel()
	b := setup()
	caller, _ := b.signIn(t, b.byPassword(t, "alice"))
	uc := account.NewLinkWeChat(b.wechat, b.users(), []domain.AppID{app})
	_, err := uc.Do(t.Context(), caller, domain.Secret{}, "")
	wantField(t, "no code", err, "code")
	_, err = uc.Do(t.Context(), caller, domain.NewSecret("x"), "wx-unknown")
	wantField(t, "unknown mini-program", err, "app_id")
	_, err = uc.Do(t.Context(), caller, domain.NewSecret("x"), "")
	wantError(t, "unknown code", err, domain.ErrWeChatCodeInvalid)
}

func TestLastCredentialStays(t *testing.T) {
	t.Parallel()
	b := setup()
	caller, _ := b.signIn(t, b.byWeChat(t, "o-1"))
	unlink := account.NewUnlinkWeChat(b.users())
	_, err := unlink.Do(t.Context(), caller, app)
	wantError(t, "the last identity", err, domain.ErrLastCredential)
	_, err = unlink.Do(t.Context(), caller, "wx02")
	wantError(t, "one there is not", err, domain.ErrNotFound)
	b.wantEvents(t)

	_, err = b.link(t, caller, "o-2", "wx02")
	wantError(t, "link another", err, nil)
	user, err := unlink.Do(t.Context(), caller, app)
	wantError(t, "unlink one of two", err, nil)
	if got := user.State().WeChat; len(got) != 1 || got[0].AppID != "wx02" {
		t.Errorf("identities: got %+v, want that in wx02", got)
	}
	_, err = unlink.Do(t.Context(), caller, "wx02")
	wantError(t, "the last again", err, domain.ErrLastCredential)
	b.wantEvents(t, domain.WeChatLinked{AppID: "wx02"}, domain.WeChatUnlinked{AppID: app})
}

func TestPasswordIsACredentialToo(t *testing.T) {
	t.Parallel()
	b := setup()
	caller, _ := b.signIn(t, b.byPassword(t, "alice"))
	_, err := b.link(t, caller, "o-1", "")
	wantError(t, "link", err, nil)
	_, err = account.NewUnlinkWeChat(b.users()).Do(t.Context(), caller, app)
	wantError(t, "unlink", err, nil)
	if got := b.state(t, caller.UserID).WeChat; len(got) != 0 {
		t.Errorf("identities: got %+v, want none", got)
	}
}

func TestChangeProfile(t *testing.T) {
	t.Parallel()
	b := setup()
	b.byPassword(t, "bob")
	caller, _ := b.signIn(t, b.byPassword(t, "alice"))
	uc := account.NewChangeProfile(b.users())
	nickname, err := domain.NewNickname("李雷")
	if err != nil {
		t.Fatal(err)
	}
	taken, err := domain.NewEmail("BOB@example.com")
	if err != nil {
		t.Fatal(err)
	}
	_, err = uc.Do(t.Context(), caller, domain.ProfileChange{
		Nickname: domain.Change[domain.Nickname]{Given: true, Value: nickname}, Email: domain.Change[domain.Email]{Given: true, Value: taken},
	})
	wantError(t, "somebody else's address", err, domain.ErrEmailTaken)
	b.wantEvents(t)
	change := domain.ProfileChange{
		Nickname: domain.Change[domain.Nickname]{Given: true, Value: nickname}, Email: domain.Change[domain.Email]{Given: true},
	}
	for range 2 { // the second changes nothing
		user, err := uc.Do(t.Context(), caller, change)
		if err != nil || user.State().Nickname != nickname || !user.State().Email.IsZero() {
			t.Errorf("got %+v (%v), want the nickname and no e-mail", user, err)
		}
	}
	b.wantEvents(t, domain.ProfileUpdated{Fields: "nickname,email"})
}
