package httpapi_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/menjin-id/menjin/adapters/httpapi"
)

// protected are the headers that every answer has, and what must be in each.
var protected = map[string]string{
	"X-Content-Type-Options":  "nosniff",
	"Referrer-Policy":         "no-referrer",
	"Content-Security-Policy": "frame-ancestors 'none'",
	"X-Request-Id":            "",
}

func TestEveryKindOfAnswerProtectsBrowsers(t *testing.T) {
	t.Parallel()
	pushed := func(o *httpapi.Options) {
		o.Push = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
		o.CORSOrigins = []string{"https://app.example.com"}
	}
	for _, test := range []struct {
		name, method, path, body string
		status                   int
		header                   header
	}{
		{name: "success", method: "GET", path: "/api/hello", status: 200},
		{name: "no token", method: "GET", path: "/api/user/info", status: 401},
		{name: "invalid", method: "POST", path: "/api/login", body: `{}`, status: 400},
		{name: "no JSON", method: "POST", path: "/api/login", body: `{`, status: 400},
		{name: "too large", method: "POST", path: "/api/login", body: strings.Repeat(" ", 70<<10), status: 413},
		{name: "other type", method: "POST", path: "/api/login", body: `x`, status: 415, header: header{"Content-Type": "text/plain"}},
		{name: "no such path", method: "GET", path: "/api/nothing", status: 404},
		{name: "no such path outside", method: "GET", path: "/nothing", status: 404},
		{name: "other method", method: "PATCH", path: "/api/login", status: 405},
		{name: "options", method: "OPTIONS", path: "/api/login", status: 204},
		{name: "asked by a browser", method: "OPTIONS", path: "/api/login", status: 204, header: header{
			"Origin": "https://app.example.com", "Access-Control-Request-Method": "POST",
		}},
		{name: "head", method: "HEAD", path: "/api/hello", status: 200},
		{name: "health", method: "GET", path: "/health", status: 200},
		{name: "keys", method: "GET", path: "/.well-known/jwks.json", status: 200},
		{name: "contract", method: "GET", path: "/openapi.json", status: 200},
		{name: "page", method: "GET", path: "/docs", status: 200},
		{name: "part of the page", method: "GET", path: "/docs/start.js", status: 200},
		{name: "push", method: "POST", path: "/wechat/push/wx01", body: `{}`, status: 200},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := setup(t, pushed)
			s.client = http.DefaultClient // a path or method that is in no contract is asked for, too
			s.wantProtected(t, s.do(t, test.method, test.path, test.body, test.header), test.path, test.status)
		})
	}
}

func TestAnswerToAPanicProtectsBrowsers(t *testing.T) {
	t.Parallel()
	s := setup(t)
	token := s.signIn(t, "li").Token
	s.reader.before = func(context.Context) error { panic("boom") }
	s.wantProtected(t, s.do(t, "GET", "/api/user/info", "", as(token)), "/api/user/info", 500)
}

func (s *service) wantProtected(t *testing.T, reply answer, path string, status int) {
	t.Helper()
	if reply.status != status {
		t.Errorf("got status %d, want %d", reply.status, status)
	}
	for name, part := range protected {
		if got := reply.header.Get(name); got == "" || !strings.Contains(got, part) {
			t.Errorf("%s: got %q, want %q in it", name, got, part)
		}
	}
	if got := reply.header.Get("Cache-Control"); strings.HasPrefix(path, "/api") && got != "no-store" {
		t.Errorf("Cache-Control: got %q, want no-store", got)
	}
	for _, name := range []string{"Server", "X-Powered-By", "Strict-Transport-Security"} { // the last is for TLS alone
		if got := reply.header.Get(name); got != "" {
			t.Errorf("%s: got %q, want none", name, got)
		}
	}
}
