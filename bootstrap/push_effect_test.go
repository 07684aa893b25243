package bootstrap_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/menjin-id/menjin/adapters/wechatsandbox"
)

// has names what is kept of what a citizen told.
func (k kept) has() (fields []string) {
	for _, field := range []struct {
		name string
		text *string
	}{{"nickname", k.Nickname}, {"avatar_url", k.AvatarURL}, {"email", k.Email}, {"phone", k.Phone}} {
		if field.text != nil {
			fields = append(fields, field.name)
		}
	}
	return fields
}

func TestWithdrawnConsentTakesAwayWhatItNames(t *testing.T) {
	t.Parallel()
	onEverySet(t, func(t *testing.T, s settings) {
		w, s := onPush(t, s)
		p := start(t, s)
		revoke, profile, phone := wechatsandbox.EventUserAuthorizationRevoke, "menjin.user.profile_updated.v1", "menjin.user.phone_unbound.v1"
		cases := []struct {
			event, info  string
			stays, tells []string
		}{
			{revoke, "6", []string{"email", "phone"}, []string{profile}},
			{revoke, "19", []string{"email", "phone"}, []string{profile}},
			{revoke, "20", []string{"email", "phone"}, []string{profile}},
			{revoke, "8", []string{"nickname", "avatar_url", "email"}, []string{phone}},
			{revoke, "16", []string{"nickname", "avatar_url", "phone"}, []string{profile}},
			{revoke, "8,16", []string{"nickname", "avatar_url"}, []string{profile, phone}},
			{revoke, "301", nil, []string{profile, phone}},
			{revoke, "7", []string{"nickname", "avatar_url", "email", "phone"}, nil}, // where the person is, which is not kept
			{wechatsandbox.EventUserInfoModified, "", []string{"email", "phone"}, []string{profile}},
		}
		bystander := p.settle(w, testAppID, "bystander")
		citizens := make([]citizen, len(cases))
		for i, c := range cases {
			way := ways()[i%len(ways())]
			person := fmt.Sprintf("person-%d", i)
			citizens[i] = p.settle(w, appOf(way), person)
			way.Event, way.RevokeInfo, way.Person, way.Copies, way.Replay = c.event, c.info, person, 3, i%2 == 0
			way.PaddedKeys, way.LowerCaseKeys = i%3 == 0, i%3 == 1
			p.pushed(w, way)
			if got := p.user(citizens[i]).has(); !slices.Equal(got, c.stays) {
				t.Errorf("%s %s (%s, %s): stays %v, want %v", c.event, c.info, way.Mode, way.Format, got, c.stays)
			}
			p.check(citizens[i].Token, http.StatusNoContent, "") // consent to data is not the account
		}
		if got := p.user(bystander).has(); len(got) != 4 {
			t.Errorf("the bystander: stays %v, want everything", got)
		}
		events := p.drained(w)
		for i, c := range cases {
			var told []string
			for _, e := range of(events, citizens[i].User.ID)[3:] { // registered, the profile, the number
				told = append(told, e.Type)
			}
			if !slices.Equal(told, c.tells) {
				t.Errorf("%s %s pushed three times: told %v, want %v", c.event, c.info, told, c.tells)
			}
		}
	})
}

func TestCancelledWeChatAccountIsDeleted(t *testing.T) {
	t.Parallel()
	onEverySet(t, func(t *testing.T, s settings) {
		w, s := onPush(t, s)
		p := start(t, s.with(settings{"deletion.cooling_off": "360h"})) // which is for those who ask themselves
		root, bystander := p.administrator(t, "root"), p.settle(w, testAppID, "bystander")
		var gone []string
		for i, way := range ways() {
			c := p.settle(w, appOf(way), fmt.Sprintf("person-%d", i))
			way.Event, way.Person, way.Copies = wechatsandbox.EventUserAuthorizationCanceled, c.person, 3
			p.pushed(w, way)
			p.isOut(c.signIn)
			p.finds(root, c, 0)
			if again := p.settle(w, appOf(way), c.person); !again.IsNewUser {
				t.Errorf("the same person afterwards: got user %s, want somebody new", again.User.ID)
			}
			gone = append(gone, c.User.ID)
		}
		p.leavesTombstone(gone...)
		p.check(bystander.Token, http.StatusNoContent, "")
	})
}

func TestMessageWithoutOpenIDChangesNobody(t *testing.T) {
	t.Parallel()
	w, s := onPush(t, local(t))
	p := start(t, s)
	for i, way := range ways() {
		c := p.settle(w, appOf(way), fmt.Sprintf("person-%d", i))
		for _, event := range []string{
			wechatsandbox.EventUserAuthorizationCanceled, wechatsandbox.EventUserAuthorizationRevoke, wechatsandbox.EventUserInfoModified,
		} {
			way.Event, way.Person = event, c.person
			way.WithoutOpenID, way.Fields = true, nil
			p.pushed(w, way)
			way.WithoutOpenID, way.Fields = false, map[string]string{"OpenID": ""}
			p.pushed(w, way)
			way.WithoutOpenID, way.Fields = true, map[string]string{"FromUserName": w.OpenID(appOf(way), c.person)}
			p.pushed(w, way)
		}
		if got := p.user(c).has(); len(got) != 4 {
			t.Errorf("after messages without an openid (%s, %s): stays %v, want everything", way.Mode, way.Format, got)
		}
	}
	for _, e := range p.drained(w) {
		if e.Type == deletedV1 {
			t.Errorf("user %s was deleted by a message that names nobody", e.User)
		}
	}
}
