package httpapi_test

import (
	"strings"
	"testing"

	"github.com/menjin-id/menjin/domain"
)

// below /api/admin, what each role may do to an ordinary user.
var adminRoutes = []struct {
	method, path, body string
	support, admin     int
}{
	{"GET", "/users", "", 200, 200},
	{"GET", "/users?id={id}", "", 200, 200},
	{"GET", "/users/{id}", "", 200, 200},
	{"POST", "/users/{id}/lock", `{"reason":"举报核实"}`, 200, 200},
	{"POST", "/users/{id}/unlock", "", 200, 200},
	{"GET", "/users/{id}/sessions", "", 200, 200},
	{"DELETE", "/users/{id}/sessions", "", 200, 200},
	{"PUT", "/users/{id}/roles", `{"roles":["user"]}`, 403, 200},
	{"GET", "/audit", "", 403, 200},
	{"GET", "/outbox", "", 403, 200},
	{"GET", "/outbox/dead", "", 403, 200},
	{"POST", "/outbox/dead/retry", "", 403, 200},
	{"POST", "/outbox/dead/{id}/retry", "", 403, 404},
	{"POST", "/outbox/dead/{id}/discard", `{"reason":"x"}`, 403, 404},
	{"POST", "/outbox/pause", `{}`, 403, 200},
	{"POST", "/outbox/resume", `{}`, 403, 200},
	{"GET", "/outbox/replays", "", 403, 200},
	{"POST", "/outbox/replays", `{"type":"menjin.user.registered.v1"}`, 403, 201},
	{"DELETE", "/outbox/replays/{id}", "", 403, 404},
	{"POST", "/users/merge", `{"user_id":"{id}","other_user_id":"{other}"}`, 403, 200},
}

func TestAdministrationWantsAPermission(t *testing.T) {
	t.Parallel()
	s := setup(t)
	user, support, admin := s.signIn(t, "li"), s.staff(t, domain.RoleSupport), s.staff(t, domain.RoleAdmin)
	target, other := s.signIn(t, "wang"), s.signIn(t, "wang-again")
	fill := strings.NewReplacer("{id}", target.User.ID, "{other}", other.User.ID)
	for _, route := range adminRoutes {
		for _, test := range []struct {
			who    loginData
			status int
		}{{user, 403}, {support, route.support}, {admin, route.admin}} {
			reply := s.do(t, route.method, "/api/admin"+fill.Replace(route.path), fill.Replace(route.body), as(test.who.Token))
			if reply.status != test.status {
				t.Errorf("%s %s: got %d %s, want %d", route.method, route.path, reply.status, reply.body, test.status)
			}
			if test.status == 403 {
				reply.want(t, 403, "PERMISSION_DENIED")
			}
		}
	}
}

func TestSupportCannotActAgainstWhoHasPermissions(t *testing.T) {
	t.Parallel()
	s := setup(t)
	support, admin := s.staff(t, domain.RoleSupport), s.staff(t, domain.RoleAdmin)
	target := "/api/admin/users/" + admin.User.ID
	s.do(t, "POST", target+"/lock", `{"reason":"x"}`, as(support.Token)).want(t, 403, "PERMISSION_DENIED")
	s.do(t, "DELETE", target+"/sessions", "", as(support.Token)).want(t, 403, "PERMISSION_DENIED")
	s.wantSession(t, admin.Token, true)
	s.do(t, "PUT", target+"/roles", `{"roles":["admin"]}`, as(admin.Token)).want(t, 403, "PERMISSION_DENIED") // one's own
}

func TestLockedUserIsRefusedEverywhere(t *testing.T) {
	t.Parallel()
	s := setup(t)
	admin, target := s.staff(t, domain.RoleAdmin), s.register(t, "lihua")
	for range 2 { // locking twice is locking once
		user := s.do(t, "POST", "/api/admin/users/"+target.User.ID+"/lock", `{"reason":"举报核实"}`, as(admin.Token)).object(t, 200)
		if user["status"] != 0.0 {
			t.Errorf("status %v", user["status"])
		}
	}
	s.wantSession(t, target.Token, false)
	s.do(t, "POST", "/api/login/password", `{"username":"lihua","password":"correct horse battery"}`).want(t, 403, "ACCOUNT_LOCKED")
	s.do(t, "POST", "/api/token/refresh", refreshBody(target.RefreshToken)).want(t, 403, "ACCOUNT_LOCKED")
	for range 2 {
		user := s.do(t, "POST", "/api/admin/users/"+target.User.ID+"/unlock", "", as(admin.Token)).object(t, 200)
		if user["status"] != 1.0 {
			t.Errorf("status %v", user["status"])
		}
	}
	s.do(t, "POST", "/api/login/password", `{"username":"lihua","password":"correct horse battery"}`).object(t, 200)
}

func TestLockWantsAReasonThatCanBeKept(t *testing.T) {
	t.Parallel()
	s := setup(t)
	admin := s.staff(t, domain.RoleAdmin)
	for body, want := range map[string]detail{
		`{}`:                   {"reason", "required", "必填"},
		`{"reason":""}`:        {"reason", "min", "不能为空"},
		`{"reason":"a\u0000"}`: {"reason", "format", "格式不正确"},
		`{"reason":"` + strings.Repeat("长", 201) + `"}`: {"reason", "max", "最多 200 个字符"},
	} {
		s.do(t, "POST", "/api/admin/users/"+anID+"/lock", body, as(admin.Token)).wantDetail(t, want)
	}
}

func TestRolesChangeWithTheNextRequest(t *testing.T) {
	t.Parallel()
	s := setup(t)
	admin, target := s.staff(t, domain.RoleAdmin), s.signIn(t, "li")
	set := func(roles string) answer {
		return s.do(t, "PUT", "/api/admin/users/"+target.User.ID+"/roles", `{"roles":`+roles+`}`, as(admin.Token))
	}
	for range 2 {
		if got := set(`["support","support"]`).object(t, 200)["roles"].([]any); len(got) != 2 || got[0] != "support" || got[1] != "user" {
			t.Errorf("roles %v", got)
		}
	}
	s.do(t, "GET", "/api/admin/users", "", as(target.Token)).object(t, 200)
	set(`[]`).object(t, 200)
	s.do(t, "GET", "/api/admin/users", "", as(target.Token)).want(t, 403, "PERMISSION_DENIED")
	set(`["root"]`).wantDetail(t, detail{"roles.0", "enum", "不是允许的值"})
	set(`"admin"`).wantDetail(t, detail{"roles", "type", "类型应为 array"})
	set(`["user","user","user","user"]`).wantDetail(t, detail{"roles", "max", "最多 3 项"})
}

func TestAdministratorSeesAndEndsSessions(t *testing.T) {
	t.Parallel()
	s := setup(t)
	admin, phone, tablet := s.staff(t, domain.RoleAdmin), s.signIn(t, "li"), s.signIn(t, "li")
	path := "/api/admin/users/" + phone.User.ID + "/sessions"
	var list sessionList
	s.do(t, "GET", path, "", as(admin.Token)).read(t, 200, &list)
	if len(list.Sessions) != 2 || list.Sessions[0]["current"] != false {
		t.Errorf("sessions %v", list.Sessions)
	}
	for range 2 {
		if reply := s.do(t, "DELETE", path, "", as(admin.Token)); reply.status != 200 {
			t.Fatalf("got %d %s", reply.status, reply.body)
		}
	}
	s.wantSession(t, phone.Token, false)
	s.wantSession(t, tablet.Token, false)
	s.wantSession(t, admin.Token, true)
}

func TestUnknownAndMalformedUsersAreToldApart(t *testing.T) {
	t.Parallel()
	s := setup(t)
	admin := s.staff(t, domain.RoleAdmin)
	for _, route := range []struct{ method, rest, body string }{
		{"GET", "", ""},
		{"POST", "/lock", `{"reason":"x"}`},
		{"POST", "/unlock", ""},
		{"PUT", "/roles", `{"roles":[]}`},
		{"GET", "/sessions", ""},
		{"DELETE", "/sessions", ""},
	} {
		s.do(t, route.method, "/api/admin/users/"+anID+route.rest, route.body, as(admin.Token)).want(t, 404, "NOT_FOUND")
		for _, malformed := range []string{"x", "%00", strings.ReplaceAll(anID, "-", ""), "%F0%9F%98%80"} {
			s.do(t, route.method, "/api/admin/users/"+malformed+route.rest, route.body, as(admin.Token)).
				wantDetail(t, detail{"id", "format", "不是有效的编号"})
		}
	}
}

func TestAdministratorMerges(t *testing.T) {
	t.Parallel()
	s := setup(t)
	admin, li, wang := s.staff(t, domain.RoleAdmin), s.register(t, "lihua"), s.signIn(t, "wang")
	merge := func(a, b string) answer {
		return s.do(t, "POST", "/api/admin/users/merge", `{"user_id":"`+a+`","other_user_id":"`+b+`"}`, as(admin.Token))
	}
	merge(li.User.ID, li.User.ID).wantDetail(t, detail{"other_user_id", "same", "与 user_id 是同一个账号"})
	merge(li.User.ID, "x").wantDetail(t, detail{"other_user_id", "format", "不是有效的编号"})
	merge("x", li.User.ID).wantDetail(t, detail{"user_id", "format", "不是有效的编号"})
	merge(li.User.ID, anID).want(t, 404, "NOT_FOUND")
	s.alter(t, wang, func(state *domain.UserState) { state.Status = domain.StatusLocked })
	merge(li.User.ID, wang.User.ID).want(t, 403, "ACCOUNT_LOCKED")
	s.alter(t, wang, func(state *domain.UserState) { state.Status = domain.StatusActive })
	merge(li.User.ID, wang.User.ID).object(t, 200)
	s.wantSession(t, li.Token, false)
	s.wantSession(t, wang.Token, false)
	merge(li.User.ID, wang.User.ID).want(t, 404, "NOT_FOUND")
}
