package bootstrap_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"github.com/menjin-id/menjin/adapters/wechatsandbox"
)

// citizen is somebody of whom everything is known that the service keeps.
type citizen struct {
	signIn
	person, username, email, nickname, avatar, phone string
}

// settle signs somebody in by WeChat and fills in what they can tell of themselves. The number is the one that the look-alike has
// of the person.
func (p *program) settle(w *weChat, app, person string) citizen {
	p.tb.Helper()
	device := map[string]string{"id": "device of " + person, "model": "phone of " + person}
	body := map[string]any{"code": w.at(app, person)["code"], "app_id": app, "device": device}
	c := citizen{
		signIn: p.signIn("/api/login", body),
		person: person, username: "name_of_" + person, email: person + "@example.com",
		nickname: "nick of " + person, avatar: "https://example.com/" + person + ".png", phone: "+86" + w.PhoneNumber(person),
	}
	p.expect(http.MethodPut, "/api/user/info", c.Token,
		map[string]string{"nickname": c.nickname, "avatar_url": c.avatar, "email": c.email}, http.StatusOK, "")
	p.bindPhone(w, app, c)
	return c
}

// register gives a citizen a username and the password of everybody.
func (c citizen) register(p *program) {
	p.tb.Helper()
	p.expect(http.MethodPut, "/api/user/password", c.Token,
		map[string]string{"username": c.username, "new_password": goodPassword}, http.StatusOK, "")
}

func (p *program) bindPhone(w *weChat, app string, c citizen) {
	p.tb.Helper()
	code, err := w.MintPhoneCode(app, c.person, wechatsandbox.Phone{})
	if err != nil {
		p.tb.Fatal(err)
	}
	p.expect(http.MethodPost, "/api/user/phone", c.Token, map[string]string{"code": code, "app_id": app}, http.StatusOK, "")
}

// delete asks for the deletion of the caller.
func (p *program) delete(in signIn) {
	p.tb.Helper()
	p.expect(http.MethodDelete, "/api/user", in.Token, nil, http.StatusOK, "")
}

// isThere reports whether administrators find a user by the id.
func (p *program) isThere(admin, in signIn) bool {
	p.tb.Helper()
	r := p.call(http.MethodGet, "/api/admin/users/"+in.User.ID, admin.Token, nil)
	if r.Status != http.StatusOK && r.Status != http.StatusNotFound {
		p.tb.Fatalf("show user: got %s, want 200 or 404\n%s", r, r.Body)
	}
	return r.Status == http.StatusOK
}

// isOut wants whoever signed in to be signed in no more.
func (p *program) isOut(in signIn) {
	p.tb.Helper()
	p.check(in.Token, http.StatusUnauthorized, "SESSION_ENDED")
	p.refuseRefresh(in.RefreshToken, http.StatusUnauthorized, "REFRESH_TOKEN_INVALID")
	for _, door := range []struct{ method, path string }{
		{http.MethodGet, "/api/user/info"},
		{http.MethodGet, "/api/user/export"},
		{http.MethodGet, "/api/user/sessions"},
		{http.MethodDelete, "/api/user"},
		{http.MethodDelete, "/api/user/phone"},
	} {
		p.expect(door.method, door.path, in.Token, nil, http.StatusUnauthorized, "SESSION_ENDED")
	}
}

// kept is a user as administrators see them, masks included.
type kept struct {
	ID        string  `json:"id"`
	Nickname  *string `json:"nickname"`
	AvatarURL *string `json:"avatar_url"`
	Email     *string `json:"email"`
	Phone     *string `json:"phone"`
}

// found are the ids of the users whom administrators find.
func (p *program) found(admin signIn, by, value string) (ids []string) {
	p.tb.Helper()
	path := "/api/admin/users?" + url.Values{by: {value}}.Encode()
	r := p.expect(http.MethodGet, path, admin.Token, nil, http.StatusOK, "")
	var page struct {
		Users []kept `json:"users"`
	}
	if err := json.Unmarshal(r.Data, &page); err != nil {
		p.tb.Fatal(err)
	}
	for _, user := range page.Users {
		ids = append(ids, user.ID)
	}
	return ids
}

// finds wants every way to look for a citizen to lead to so many users.
func (p *program) finds(admin signIn, c citizen, want int) {
	p.tb.Helper()
	for by, value := range map[string]string{
		"id": c.User.ID, "username": c.username, "email": strings.ToUpper(c.email), "phone": c.phone,
	} {
		if got := p.found(admin, by, value); len(got) != want {
			p.tb.Errorf("users found by %s: got %v, want %d", by, got, want)
		}
	}
}

// user reads a citizen as the citizen does.
func (p *program) user(c citizen) (user kept) {
	p.tb.Helper()
	r := p.expect(http.MethodGet, "/api/user/info", c.Token, nil, http.StatusOK, "")
	if err := json.Unmarshal(r.Data, &user); err != nil {
		p.tb.Fatal(err)
	}
	return user
}
