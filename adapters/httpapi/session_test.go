package httpapi_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/menjin-id/menjin/domain"
)

// anID belongs to nobody.
const anID = "0193a5b0-7c1e-7d2a-9b3c-4d5e6f708192"

var secured = []struct{ method, path string }{
	{"POST", "/api/logout"},
	{"POST", "/api/logout/all"},
	{"GET", "/api/user/info"},
	{"GET", "/api/auth/check"},
	{"PUT", "/api/user/info"},
	{"PUT", "/api/user/password"},
	{"POST", "/api/user/wechat"},
	{"DELETE", "/api/user/wechat/" + string(app)},
	{"POST", "/api/user/merge"},
	{"GET", "/api/user/sessions"},
	{"DELETE", "/api/user/sessions/" + anID},
	{"POST", "/api/user/phone"},
	{"DELETE", "/api/user/phone"},
	{"POST", "/api/user/wechat/profile"},
	{"GET", "/api/user/export"},
	{"DELETE", "/api/user"},
	{"GET", "/api/admin/users"},
	{"GET", "/api/admin/users/" + anID},
	{"POST", "/api/admin/users/" + anID + "/lock"},
	{"POST", "/api/admin/users/" + anID + "/unlock"},
	{"PUT", "/api/admin/users/" + anID + "/roles"},
	{"GET", "/api/admin/users/" + anID + "/sessions"},
	{"DELETE", "/api/admin/users/" + anID + "/sessions"},
	{"POST", "/api/admin/users/merge"},
	{"GET", "/api/admin/audit"},
}

func TestCheckNamesTheCaller(t *testing.T) {
	t.Parallel()
	s := setup(t)
	data := s.signIn(t, "li")
	for _, method := range []string{"GET", "HEAD"} {
		reply := s.do(t, method, "/api/auth/check", "", as(data.Token))
		if reply.status != http.StatusNoContent || len(reply.body) != 0 {
			t.Fatalf("%s: got %d %q", method, reply.status, reply.body)
		}
		for name, want := range map[string]string{"X-User-Id": data.User.ID, "X-Session-Id": data.SessionID, "X-User-Roles": "user"} {
			if got := reply.header.Get(name); got != want {
				t.Errorf("%s: %s %q, want %q", method, name, got, want)
			}
		}
	}
}

func TestCheckListsTheRolesOfThisMoment(t *testing.T) {
	t.Parallel()
	s := setup(t)
	data := s.signIn(t, "li")
	user, _ := domain.ParseUserID(data.User.ID)
	if err := s.sessions.SetRoles(t.Context(), user, later, []domain.Role{domain.RoleAdmin, domain.RoleUser}); err != nil {
		t.Fatal(err)
	}
	reply := s.do(t, "GET", "/api/auth/check", "", as(data.Token))
	if got := reply.header.Get("X-User-Roles"); got != "admin,user" {
		t.Errorf("X-User-Roles %q", got)
	}
}

func TestSecuredRoutesWantAToken(t *testing.T) {
	t.Parallel()
	s := setup(t)
	token := s.signIn(t, "li").Token
	const missing, invalid = `Bearer realm="menjin"`, `Bearer realm="menjin", error="invalid_token"`
	for _, route := range secured {
		for _, test := range []struct {
			name      string
			headers   []string
			reason    string
			challenge string
		}{
			{"none", nil, "TOKEN_MISSING", missing},
			{"other scheme", []string{"Basic dTpw"}, "TOKEN_MISSING", missing},
			{"scheme alone", []string{"Bearer"}, "TOKEN_MISSING", missing},
			{"token alone", []string{token}, "TOKEN_MISSING", missing},
			{"forged", []string{"Bearer a.b.c"}, "TOKEN_INVALID", invalid},
			{"tail", []string{"Bearer " + token + " x"}, "TOKEN_INVALID", invalid},
			{"list", []string{"Bearer " + token + ",Bearer " + token}, "TOKEN_INVALID", invalid},
			{"quotes", []string{`Bearer "` + token + `"`}, "TOKEN_INVALID", invalid},
			{"twice", []string{"Bearer " + token, "Bearer " + token}, "TOKEN_INVALID", invalid},
			{"endless", []string{"Bearer " + strings.Repeat("a", 5000)}, "TOKEN_INVALID", invalid},
			{"padding alone", []string{"Bearer =="}, "TOKEN_INVALID", invalid},
		} {
			t.Run(route.path+" "+test.name, func(t *testing.T) {
				t.Parallel()
				request, _ := http.NewRequestWithContext(t.Context(), route.method, s.url+route.path, nil)
				request.Header["Authorization"] = test.headers
				reply := s.send(t, request)
				reply.want(t, 401, test.reason)
				if got := reply.header.Get("WWW-Authenticate"); got != test.challenge {
					t.Errorf("WWW-Authenticate %q, want %q", got, test.challenge)
				}
			})
		}
	}
}

func TestTokenIsReadFromTheHeaderAlone(t *testing.T) {
	t.Parallel()
	s := setup(t)
	token := s.signIn(t, "li").Token
	s.do(t, "GET", "/api/user/info?access_token="+token+"&token="+token, "").want(t, 401, "TOKEN_MISSING")
	for _, scheme := range []string{"bearer", "BEARER", "Bearer ", "bEaReR"} {
		if reply := s.do(t, "GET", "/api/auth/check", "", header{"Authorization": scheme + " " + token}); reply.status != 204 {
			t.Errorf("%q: got %d %s", scheme, reply.status, reply.body)
		}
	}
	if strings.Contains(s.log.String(), token) {
		t.Error("the log holds a token")
	}
}

func TestExpiredTokenAndIdleSessionAreToldApart(t *testing.T) {
	t.Parallel()
	s := setup(t)
	data := s.signIn(t, "li")
	s.clock.Advance(31 * time.Minute)
	s.do(t, "GET", "/api/auth/check", "", as(data.Token)).want(t, 401, "SESSION_ENDED")
	s.clock.Advance(2 * time.Hour)
	reply := s.do(t, "GET", "/api/user/info", "", as(data.Token))
	reply.want(t, 401, "TOKEN_EXPIRED")
	if !strings.Contains(string(reply.body), "登录已失效,请重新登录") {
		t.Errorf("got %s", reply.body)
	}
}

func TestLogoutEndsTheSessionAtOnce(t *testing.T) {
	t.Parallel()
	s := setup(t)
	phone, tablet := s.signIn(t, "li"), s.signIn(t, "li")
	reply := s.do(t, "POST", "/api/logout", "", as(phone.Token))
	if reply.status != 200 || !strings.Contains(string(reply.body), `"message":"操作成功"`) {
		t.Fatalf("got %d %s", reply.status, reply.body)
	}
	s.do(t, "GET", "/api/auth/check", "", as(phone.Token)).want(t, 401, "SESSION_ENDED")
	s.do(t, "POST", "/api/logout", "", as(phone.Token)).want(t, 401, "SESSION_ENDED")
	if reply := s.do(t, "GET", "/api/auth/check", "", as(tablet.Token)); reply.status != 204 {
		t.Errorf("the other session: got %d", reply.status)
	}
}

func TestLogoutAllEndsEverySession(t *testing.T) {
	t.Parallel()
	s := setup(t)
	phone, tablet, other := s.signIn(t, "li"), s.signIn(t, "li"), s.signIn(t, "wang")
	if reply := s.do(t, "POST", "/api/logout/all", "", as(phone.Token)); reply.status != 200 {
		t.Fatalf("got %d %s", reply.status, reply.body)
	}
	s.do(t, "GET", "/api/auth/check", "", as(phone.Token)).want(t, 401, "SESSION_ENDED")
	s.do(t, "GET", "/api/auth/check", "", as(tablet.Token)).want(t, 401, "SESSION_ENDED")
	if reply := s.do(t, "GET", "/api/auth/check", "", as(other.Token)); reply.status != 204 {
		t.Errorf("another person's session: got %d", reply.status)
	}
}

func TestOutagesNeverLookLikeBadTokens(t *testing.T) {
	t.Parallel()
	for _, route := range secured {
		for name, test := range map[string]struct {
			err    error
			status int
			reason string
		}{
			"unreachable": {fmt.Errorf("%w: dial tcp 10.0.0.7:6379: refused", domain.ErrUnavailable), 503, "DEPENDENCY_UNAVAILABLE"},
			"unknown":     {errors.New("wrong type of key at 10.0.0.7"), 500, "INTERNAL"},
		} {
			t.Run(route.path+" "+name, func(t *testing.T) {
				t.Parallel()
				s := setup(t)
				token := s.signIn(t, "li").Token
				s.sessions.Break(test.err)
				s.store.Break(test.err)
				reply := s.do(t, route.method, route.path, "", as(token))
				reply.want(t, test.status, test.reason)
				if strings.Contains(string(reply.body), "10.0.0.7") {
					t.Errorf("the cause left the server: %s", reply.body)
				}
				logged := s.log.lines(t, "request failed", 1)
				if len(logged) != 1 || !strings.Contains(logged[0]["error"].(string), "10.0.0.7") ||
					logged[0]["request_id"] != reply.header.Get("X-Request-Id") {
					t.Errorf("logged %v", logged)
				}
			})
		}
	}
}
