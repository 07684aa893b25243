package httpapi_test

import (
	"strings"
	"testing"

	"github.com/menjin-id/menjin/domain"
)

func TestProfileChangesWhatIsGivenAndClearsWhatIsNull(t *testing.T) {
	t.Parallel()
	s := setup(t)
	token := s.signIn(t, "li").Token
	for _, step := range []struct {
		body                   string
		nickname, avatar, mail any
	}{
		{`{"nickname":" 李华 ","avatar_url":"https://example.com/a.png","email":"lihua@example.com"}`, "李华", "https://example.com/a.png", "l***@example.com"},
		{`{}`, "李华", "https://example.com/a.png", "l***@example.com"},
		{`{"username":"x","phone":"+8613812341234"}`, "李华", "https://example.com/a.png", "l***@example.com"},
		{`{"nickname":null}`, nil, "https://example.com/a.png", "l***@example.com"},
		{`{"nickname":null,"avatar_url":null,"email":null}`, nil, nil, nil},
	} {
		got := s.do(t, "PUT", "/api/user/info", step.body, as(token)).object(t, 200)
		if got["nickname"] != step.nickname || got["avatar_url"] != step.avatar || got["email"] != step.mail ||
			got["username"] != nil || got["phone"] != nil {
			t.Errorf("%s: got %v", step.body, got)
		}
		if again := s.userInfo(t, token); again["nickname"] != step.nickname || again["email"] != step.mail {
			t.Errorf("%s: kept %v", step.body, again)
		}
	}
}

func TestInvalidProfileSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	s := setup(t)
	token := s.signIn(t, "li").Token
	for body, want := range map[string]detail{
		`{"nickname":""}`:                                    {"nickname", "min", "不能为空"},
		`{"nickname":"  "}`:                                  {"nickname", "min", "须为 1 至 64 个字符"},
		`{"nickname":"a\u202eb"}`:                            {"nickname", "format", "不能包含控制字符,也不能不可见"},
		`{"nickname":"` + strings.Repeat("长", 65) + `"}`:     {"nickname", "max", "最多 64 个字符"},
		`{"nickname":7}`:                                     {"nickname", "type", "类型应为 null 或 string"},
		`{"avatar_url":"javascript:alert(1)"}`:               {"avatar_url", "format", "须为 http 或 https 地址"},
		`{"email":"li@example.com\r\nBcc: all@example.com"}`: {"email", "format", "不是有效的邮箱地址"},
		`[]`:   {"", "type", "类型应为 object"},
		`null`: {"", "type", "类型应为 object"},
	} {
		s.do(t, "PUT", "/api/user/info", body, as(token)).wantDetail(t, want)
	}
	reply := s.do(t, "PUT", "/api/user/info", `{"nickname":"\u0007","avatar_url":"x","email":"x"}`, as(token))
	if got := reply.details(t); len(got) != 3 {
		t.Errorf("details %+v, want one for each field", got)
	}
}

func TestEmailOfSomebodyElseIsTaken(t *testing.T) {
	t.Parallel()
	s := setup(t)
	li, wang := s.signIn(t, "li").Token, s.signIn(t, "wang").Token
	s.do(t, "PUT", "/api/user/info", `{"email":"li@example.com"}`, as(li)).object(t, 200)
	s.do(t, "PUT", "/api/user/info", `{"email":"LI@example.com"}`, as(wang)).want(t, 409, "EMAIL_TAKEN")
	s.do(t, "PUT", "/api/user/info", `{"email":"LI@example.com"}`, as(li)).object(t, 200)
}

func TestFirstPasswordNeedsAUsername(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.register(t, "taken")
	phone, tablet := s.signIn(t, "li"), s.signIn(t, "li")
	s.do(t, "PUT", "/api/user/password", `{"new_password":"correct horse battery"}`, as(phone.Token)).
		wantDetail(t, detail{"username", "required", "首次设置密码时必填"})
	s.do(t, "PUT", "/api/user/password", `{"new_password":"correct horse battery","username":"TAKEN"}`, as(phone.Token)).
		want(t, 409, "USERNAME_TAKEN")
	s.do(t, "PUT", "/api/user/password", `{"new_password":"lihua-2026","username":"LiHua-2026"}`, as(phone.Token)).
		wantDetail(t, detail{"new_password", "same", "不能与用户名相同"})
	reply := s.do(t, "PUT", "/api/user/password", `{"new_password":"correct horse battery","username":"lihua"}`, as(phone.Token))
	if reply.status != 200 || !strings.Contains(string(reply.body), `"data":null`) {
		t.Fatalf("got %d %s", reply.status, reply.body)
	}
	s.wantSession(t, phone.Token, true)
	s.wantSession(t, tablet.Token, false)
	s.do(t, "POST", "/api/login/password", `{"username":"lihua","password":"correct horse battery"}`).object(t, 200)
}

func TestPasswordChangeWantsTheOldOne(t *testing.T) {
	t.Parallel()
	s := setup(t)
	token := s.register(t, "lihua").Token
	change := func(body string) answer { return s.do(t, "PUT", "/api/user/password", body, as(token)) }
	change(`{"new_password":"purple monkey"}`).wantDetail(t, detail{"old_password", "required", "修改密码时必填"})
	change(`{"new_password":"password1","old_password":"correct horse battery"}`).
		wantDetail(t, detail{"new_password", "common", "属于最常见的密码"})
	for range 6 {
		reply := change(`{"new_password":"purple monkey","old_password":"wrong"}`)
		reply.want(t, 401, "BAD_CREDENTIALS")
		if got := reply.header.Get("WWW-Authenticate"); got != `Bearer realm="menjin"` {
			t.Errorf("WWW-Authenticate %q blames the token", got)
		}
	}
	change(`{"new_password":"purple monkey","old_password":"correct horse battery"}`).want(t, 429, "TOO_MANY_ATTEMPTS")
	s.wantSession(t, token, true)
}

func TestPasswordChangeEndsTheOtherSessions(t *testing.T) {
	t.Parallel()
	s := setup(t)
	here := s.register(t, "lihua")
	var there loginData
	s.do(t, "POST", "/api/login/password", `{"username":"lihua","password":"correct horse battery"}`).read(t, 200, &there)
	s.do(t, "PUT", "/api/user/password",
		`{"new_password":"purple monkey","old_password":"correct horse battery","username":"ignored"}`, as(here.Token))
	s.wantSession(t, here.Token, true)
	s.wantSession(t, there.Token, false)
	s.do(t, "POST", "/api/login/password", `{"username":"lihua","password":"correct horse battery"}`).want(t, 401, "BAD_CREDENTIALS")
	s.do(t, "POST", "/api/login/password", `{"username":"lihua","password":"purple monkey"}`).object(t, 200)
}

func TestOwnersWhoseAccountIsGoneAreSignedOut(t *testing.T) {
	t.Parallel()
	s := setup(t)
	li, wang := s.signIn(t, "li"), s.signIn(t, "wang")
	merged := s.do(t, "POST", "/api/user/merge", `{"token":"`+wang.Token+`"}`, as(li.Token)).object(t, 200)
	gone := wang
	if merged["id"] == wang.User.ID {
		gone = li
	}
	// A session that outlived its account, as a race would leave it.
	user, _ := domain.ParseUserID(gone.User.ID)
	session, _ := domain.ParseSessionID(gone.SessionID)
	opened := domain.OpenSession(domain.SessionOpening{ID: session, UserID: user, UserVersion: later}, limits, s.clock.Now())
	if _, err := s.sessions.Open(t.Context(), opened, 20); err != nil {
		t.Fatal(err)
	}
	for _, request := range []struct{ method, path, body string }{
		{"GET", "/api/user/info", ""},
		{"PUT", "/api/user/info", `{"nickname":"x"}`},
		{"PUT", "/api/user/password", `{"new_password":"correct horse battery","username":"lihua"}`},
		{"DELETE", "/api/user/wechat/" + string(app), ""},
	} {
		s.do(t, request.method, request.path, request.body, as(gone.Token)).want(t, 401, "SESSION_ENDED")
	}
}
