package bootstrap_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"testing"
	"time"
)

// exported is what the service hands out of everything it keeps.
type exported struct {
	User struct {
		kept
		Username *string  `json:"username"`
		Roles    []string `json:"roles"`
		WeChat   []struct {
			AppID string `json:"app_id"`
		} `json:"wechat"`
		HasPassword bool    `json:"has_password"`
		DeleteAt    *string `json:"delete_at"`
	} `json:"user"`
	Sessions []struct {
		ID     string `json:"id"`
		IP     string `json:"ip"`
		Device struct {
			ID    *string `json:"id"`
			Model *string `json:"model"`
		} `json:"device"`
	} `json:"sessions"`
	Audit []struct {
		Action          string    `json:"action"`
		At              time.Time `json:"at"`
		IP              *string   `json:"ip"`
		ByAdministrator bool      `json:"by_administrator"`
	} `json:"audit"`
	Events []struct {
		Type string          `json:"type"`
		Data json.RawMessage `json:"data"`
	} `json:"events"`

	text []byte
}

func (p *program) export(in signIn) (e exported) {
	p.tb.Helper()
	r := p.expect(http.MethodGet, "/api/user/export", in.Token, nil, http.StatusOK, "")
	if err := json.Unmarshal(r.Data, &e); err != nil {
		p.tb.Fatal(err)
	}
	e.text = r.Body
	return e
}

func TestExportHoldsEverythingOfTheCallerAndNothingElse(t *testing.T) {
	t.Parallel()
	onEverySet(t, func(t *testing.T, s settings) {
		w, s := twoApps(t, s)
		p := start(t, s)
		root := p.administrator(t, "root")
		alice, bob := p.settle(w, testAppID, "alice"), p.settle(w, testAppID, "bob")
		alice.register(p)
		bob.register(p)
		other := p.signIn("/api/login", w.at(otherAppID, "alice"))
		p.expect(http.MethodPut, "/api/admin/users/"+alice.User.ID+"/roles", root.Token, map[string]any{"roles": []string{"support"}}, http.StatusOK, "")
		p.export(other)

		e := p.export(alice.signIn)
		p.tellsAll(e, alice)
		p.listsSessions(e, alice, other)
		p.tellsHistory(w, e, alice)
		foreign := secrets{
			"other's id": bob.User.ID, "other's username": bob.username, "other's e-mail": bob.email, "other's phone": bob.phone[3:],
			"administrator's id": root.User.ID, "openid": w.OpenID(testAppID, "alice"), "openid at the other": w.OpenID(otherAppID, "alice"),
			"unionid": w.UnionID("alice"), "access token": alice.Token, "refresh token": alice.RefreshToken, "password": goodPassword,
			"password hash": "$argon2", "app secret": testAppSecret,
		}
		for _, key := range w.sessionKeys() {
			foreign["session_key "+key] = key
		}
		if found := foreign.in(e.text); len(found) > 0 {
			t.Errorf("the export holds %v:\n%s", found, e.text)
		}
	})
}

// tellsAll compares with what the citizen told, unmasked.
func (p *program) tellsAll(e exported, c citizen) {
	p.tb.Helper()
	for name, field := range map[string]struct {
		got  *string
		want string
	}{
		"id": {&e.User.ID, c.User.ID}, "username": {e.User.Username, c.username}, "nickname": {e.User.Nickname, c.nickname},
		"avatar_url": {e.User.AvatarURL, c.avatar}, "email": {e.User.Email, c.email}, "phone": {e.User.Phone, c.phone},
	} {
		if field.got == nil || *field.got != field.want {
			p.tb.Errorf("exported %s: got %v, want %q\n%s", name, field.got, field.want, e.text)
		}
	}
	if !e.User.HasPassword || e.User.DeleteAt != nil || !slices.Equal(e.User.Roles, []string{"support", "user"}) || len(e.User.WeChat) != 2 {
		p.tb.Errorf("exported user: got %+v, want a password, two mini-programs, the roles support and user, no deletion", e.User)
	}
}

func (p *program) listsSessions(e exported, c citizen, other signIn) {
	p.tb.Helper()
	var got []string
	for _, session := range e.Sessions {
		got = append(got, session.ID)
		if session.IP != "127.0.0.1" {
			p.tb.Errorf("address of a session: got %q, want 127.0.0.1", session.IP)
		}
		if d := session.Device; session.ID == c.SessionID && (d.ID == nil || *d.ID != "device of "+c.person || d.Model == nil || *d.Model != "phone of "+c.person) {
			p.tb.Errorf("device of the session: got %+v, want what the phone told", d)
		}
	}
	if want := []string{other.SessionID, c.SessionID}; !slices.Equal(got, want) {
		p.tb.Errorf("exported sessions: got %v, want %v", got, want)
	}
}

// tellsHistory compares with the stream, and with what was done.
func (p *program) tellsHistory(w *weChat, e exported, c citizen) {
	p.tb.Helper()
	var got, want []string
	for _, event := range e.Events {
		got = append(got, event.Type+" "+compact(p.tb, event.Data))
	}
	for _, event := range of(p.drained(w), c.User.ID) {
		want = append(want, event.Type+" "+compact(p.tb, event.Data))
	}
	if !slices.Equal(got, want) || len(want) < 5 {
		p.tb.Errorf("exported events:\n got %q\nwant %q", got, want)
	}
	var log []string
	for _, entry := range e.Audit {
		log = append(log, entry.Action)
		if byOther := entry.Action == "user.roles"; entry.ByAdministrator != byOther || (entry.IP == nil) != byOther {
			p.tb.Errorf("entry %s: got %+v, want by somebody else, and then without address: %t", entry.Action, entry, byOther)
		}
	}
	if want := []string{"user.export", "user.export", "user.roles", "user.password", "user.phone_bind"}; !slices.Equal(log, want) {
		p.tb.Errorf("exported audit log: got %v, want %v", log, want)
	}
}

// compact writes JSON with its members in order.
func compact(tb testing.TB, text []byte) string {
	tb.Helper()
	var value any
	err := json.Unmarshal(text, &value)
	if err != nil {
		tb.Fatal(err)
	}
	sorted, err := json.Marshal(value)
	if err != nil {
		tb.Fatal(err)
	}
	return string(sorted)
}
