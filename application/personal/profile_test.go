package personal_test

import (
	"testing"

	"github.com/menjin-id/menjin/adapters/memory"
	"github.com/menjin-id/menjin/application/personal"
	"github.com/menjin-id/menjin/domain"
)

func (b *bundle) takeProfile() *personal.TakeProfile {
	return personal.NewTakeProfile(b.links(), b.seals(), b.users())
}

func TestProfileIsTakenOverWithALateUnionID(t *testing.T) {
	t.Parallel()
	b := setup()
	li := b.signIn(t, "o-li", app)
	avatar, err := domain.NewAvatarURL("https://example.com/a.png")
	if err != nil {
		t.Fatal(err)
	}
	b.alter(t, li, func(state *domain.UserState) { state.AvatarURL = avatar })
	in := personal.ProfileInput{Data: sealProfile(li, "李雷", "u-li"), RawData: domain.NewSecret("{}"), Signature: memory.SignWithSessionKey(li.key, "{}")}
	for range 2 { // the second time there is nothing new
		if _, err := b.takeProfile().Do(t.Context(), li.Caller, in); err != nil {
			t.Fatal(err)
		}
	}
	state := b.state(t, li)
	if state.Nickname.String() != "李雷" || state.AvatarURL != avatar || state.WeChat[0].UnionID.Reveal() != "u-li" {
		t.Errorf("got %+v, want the nickname and the unionid taken over, and the avatar kept", state)
	}
	b.wantEvents(t, domain.ProfileUpdated{Fields: "nickname"})
}

func TestProfileOfAMergedAccountFindsItsOwner(t *testing.T) {
	t.Parallel()
	b := setup()
	li := b.signIn(t, "o-li", app)
	older := li.openID
	second, err := domain.NewOpenID("o-second")
	if err != nil {
		t.Fatal(err)
	}
	b.alter(t, li, func(state *domain.UserState) {
		state.WeChat = append(state.WeChat, domain.WeChatIdentity{AppID: app, OpenID: second, LinkedAt: b.now()})
	})
	for _, openID := range []domain.OpenID{older, second} {
		li.openID = openID
		in := personal.ProfileInput{Data: sealProfile(li, "Li", "u-of-"+openID.Reveal())}
		if _, err := b.takeProfile().Do(t.Context(), li.Caller, in); err != nil {
			t.Fatal(err)
		}
	}
	for _, identity := range b.state(t, li).WeChat {
		if got, want := identity.UnionID.Reveal(), "u-of-"+identity.OpenID.Reveal(); got != want {
			t.Errorf("unionid: got %q, want %q", got, want)
		}
	}
}

func TestProfileIsNotBelieved(t *testing.T) {
	t.Parallel()
	b := setup()
	li, wang := b.signIn(t, "o-li", app), b.signIn(t, "o-wang", app)
	stolen := wang
	stolen.key = li.key
	signed := personal.ProfileInput{
		Data: sealProfile(li, "Li", ""), RawData: domain.NewSecret("{}"), Signature: memory.SignWithSessionKey(li.key, "{ }"),
	}
	for name, test := range map[string]struct {
		in   personal.ProfileInput
		want error
	}{
		"of somebody else":  {personal.ProfileInput{Data: sealProfile(stolen, "Wang", "")}, domain.ErrWatermarkMismatch},
		"with their key":    {personal.ProfileInput{Data: sealProfile(wang, "Wang", "")}, domain.ErrDecryptionFailed},
		"of another text":   {signed, domain.ErrSignatureMismatch},
		"elsewhere":         {personal.ProfileInput{AppID: otherApp, Data: sealProfile(li, "Li", "")}, domain.ErrInvalidArgument},
		"sealed by nothing": {personal.ProfileInput{}, domain.ErrDecryptionFailed},
	} {
		_, err := b.takeProfile().Do(t.Context(), li.Caller, test.in)
		wantError(t, name, err, test.want)
	}
	b.replaceKey(li)
	_, err := b.takeProfile().Do(t.Context(), li.Caller, signed)
	wantError(t, "signed with a stale key", err, domain.ErrSessionKeyStale)
	if name := b.state(t, li).Nickname; name != (domain.Nickname{}) {
		t.Errorf("nickname: got %q, want none", name)
	}
	b.wantEvents(t)
}
