package httpapi_test

import (
	"strings"
	"testing"

	"github.com/menjin-id/menjin/domain"
)

func TestEveryBodyIsBoundedAndJSON(t *testing.T) {
	t.Parallel()
	s := setup(t)
	admin := as(s.staff(t, domain.RoleAdmin).Token)
	for _, route := range []struct{ method, path string }{
		{"POST", "/api/login"},
		{"POST", "/api/login/password"},
		{"POST", "/api/register"},
		{"POST", "/api/token/refresh"},
		{"PUT", "/api/user/info"},
		{"PUT", "/api/user/password"},
		{"POST", "/api/user/wechat"},
		{"POST", "/api/user/merge"},
		{"POST", "/api/user/phone"},
		{"POST", "/api/user/wechat/profile"},
		{"POST", "/api/admin/users/" + anID + "/lock"},
		{"PUT", "/api/admin/users/" + anID + "/roles"},
		{"POST", "/api/admin/users/merge"},
	} {
		t.Run(route.path, func(t *testing.T) {
			t.Parallel()
			s.do(t, route.method, route.path, "", admin).want(t, 400, "MALFORMED_JSON")
			s.do(t, route.method, route.path, `{"a":1,"a":2}`, admin).want(t, 400, "MALFORMED_JSON")
			s.do(t, route.method, route.path, `[]`, admin).want(t, 400, "INVALID_ARGUMENT")
			s.do(t, route.method, route.path, `{}`, admin, header{"Content-Type": "text/plain"}).want(t, 415, "UNSUPPORTED_MEDIA_TYPE")
			s.do(t, route.method, route.path, `{"x":"`+strings.Repeat("a", 64<<10)+`"}`, admin).want(t, 413, "BODY_TOO_LARGE")
		})
	}
}
