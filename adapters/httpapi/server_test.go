package httpapi_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/menjin-id/menjin/adapters/httpapi"
)

func TestUnknownAddressesAreNotFoundInTheEnvelope(t *testing.T) {
	t.Parallel()
	s := setup(t)
	for _, path := range []string{
		"/", "/api", "/api/", "/api/unknown", "/api/login/", "//api/login", "/api//login", "/API/login", "/api%2Flogin", "/api/logi%6E",
		"/api/login%00", "/api/./login", "/api/x/../login", "/api/用户", "/docs/", "/docs/unknown.js", "/docs/..%2Fopenapi.yaml",
		"/docs/LICENSE.swagger-ui", "/health/", "/metrics", "/favicon.ico",
	} {
		s.do(t, "GET", path, "").want(t, 404, "NOT_FOUND")
		if strings.HasPrefix(path, "/api") {
			s.do(t, "POST", path, `{"code":"c"}`).want(t, 404, "NOT_FOUND")
		}
	}
}

func TestOtherMethodsAreNotAllowed(t *testing.T) {
	t.Parallel()
	s := setup(t)
	for _, test := range []struct{ method, path, allow string }{
		{"GET", "/api/login", "OPTIONS, POST"},
		{"HEAD", "/api/login", "OPTIONS, POST"},
		{"PUT", "/api/login", "OPTIONS, POST"},
		{"BREW", "/api/login", "OPTIONS, POST"},
		{"DELETE", "/api/user/info", "OPTIONS, GET, HEAD, PUT"},
		{"POST", "/api/auth/check", "OPTIONS, GET, HEAD"},
		{"POST", "/health", "OPTIONS, GET, HEAD"},
	} {
		reply := s.do(t, test.method, test.path, "")
		if reply.status != 405 || reply.header.Get("Allow") != test.allow {
			t.Errorf("%s %s: got %d, Allow %q, want %q", test.method, test.path, reply.status, reply.header.Get("Allow"), test.allow)
		}
		if test.method != "HEAD" {
			reply.want(t, 405, "METHOD_NOT_ALLOWED")
		}
	}
}

func TestOptionsListTheMethods(t *testing.T) {
	t.Parallel()
	s := setup(t)
	reply := s.do(t, "OPTIONS", "/api/login", "", header{"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"})
	if reply.status != 204 || reply.header.Get("Allow") != "OPTIONS, POST" || reply.header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("got %d %v", reply.status, reply.header)
	}
}

func TestHeadAnswersAsGetWithoutABody(t *testing.T) {
	t.Parallel()
	s := setup(t)
	for _, path := range []string{"/api/hello", "/health", "/health/live", "/health/ready", "/openapi.json", "/docs", "/docs/start.js", "/.well-known/jwks.json"} {
		reply := s.do(t, "HEAD", path, "")
		if reply.status != 200 || len(reply.body) != 0 {
			t.Errorf("%s: got %d and %d bytes", path, reply.status, len(reply.body))
		}
	}
}

func TestRequestIDIsEchoedOnlyWhenSane(t *testing.T) {
	t.Parallel()
	s := setup(t)
	for _, sane := range []string{"a", "0193a5b0-7c1e", strings.Repeat("x", 128), `<b>"id" 'x'`} {
		if got := s.do(t, "GET", "/api/hello", "", header{"X-Request-ID": sane}).header.Get("X-Request-ID"); got != sane {
			t.Errorf("got %q, want %q", got, sane)
		}
	}
	for _, insane := range []string{"", strings.Repeat("x", 129), "汉字", "a\tb", "caf\xe9"} {
		got := s.do(t, "GET", "/api/hello", "", header{"X-Request-ID": insane}).header.Get("X-Request-ID")
		if got == insane || len(got) != 36 {
			t.Errorf("%q: got %q, want one made", insane, got)
		}
	}
	request, _ := http.NewRequestWithContext(t.Context(), "GET", s.url+"/api/hello", nil)
	request.Header["X-Request-Id"] = []string{"one", "two"}
	if got := s.send(t, request).header.Values("X-Request-Id"); len(got) != 1 || len(got[0]) != 36 {
		t.Errorf("two ids: got %q", got)
	}
}

func TestPanicIsAnsweredAndLogged(t *testing.T) {
	t.Parallel()
	s := setup(t)
	token := s.signIn(t, "li").Token
	s.reader.before = func(context.Context) error { panic("boom at 10.0.0.7") }
	reply := s.do(t, "GET", "/api/user/info", "", as(token))
	reply.want(t, 500, "INTERNAL")
	if strings.Contains(string(reply.body), "boom") {
		t.Errorf("the panic left the server: %s", reply.body)
	}
	logged := s.log.lines(t, "panic in handler", 1)[0]
	if logged["level"] != "ERROR" || logged["request_id"] != reply.header.Get("X-Request-Id") ||
		!strings.Contains(logged["stack"].(string), "GetUserInfo") {
		t.Errorf("logged %v", logged)
	}
	s.reader.before = nil
	if reply := s.do(t, "GET", "/api/user/info", "", as(token)); reply.status != 200 {
		t.Errorf("afterwards: got %d", reply.status)
	}
}

func TestRequestsEndAtTheirDeadline(t *testing.T) {
	t.Parallel()
	s := setup(t, func(o *httpapi.Options) { o.Timeout = 2 * time.Second }) // enough for a sign-in
	token := s.signIn(t, "li").Token
	s.reader.before = func(ctx context.Context) error {
		<-ctx.Done()
		return fmt.Errorf("select user: %w", ctx.Err())
	}
	reply := s.do(t, "GET", "/api/user/info", "", as(token))
	reply.want(t, 503, "DEPENDENCY_UNAVAILABLE")
	if got := s.log.lines(t, "request failed", 1)[0]["level"]; got != "WARN" {
		t.Errorf("level %v", got)
	}
}

func TestClientThatLeavesRaisesNoAlarm(t *testing.T) {
	t.Parallel()
	s := setup(t)
	token := s.signIn(t, "li").Token
	entered := make(chan struct{})
	s.reader.before = func(ctx context.Context) error {
		close(entered)
		<-ctx.Done()
		return fmt.Errorf("select user: %w", ctx.Err())
	}
	ctx, leave := context.WithCancel(t.Context())
	go func() {
		<-entered
		leave()
	}()
	request, _ := http.NewRequestWithContext(ctx, "GET", s.url+"/api/user/info", nil)
	request.Header.Set("Authorization", "Bearer "+token)
	if _, err := s.client.Do(request); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	lines := s.log.lines(t, "request", 2)
	if got := lines[1]["status"]; got != 499.0 {
		t.Errorf("status %v, want 499", got)
	}
	if log := s.log.String(); strings.Contains(log, "request failed") || strings.Contains(log, "ERROR") {
		t.Errorf("an alarm in the log:\n%s", log)
	}
}

func TestGiantHeadersAreRefused(t *testing.T) {
	t.Parallel()
	s := setup(t)
	request, _ := http.NewRequestWithContext(t.Context(), "GET", s.url+"/api/hello", nil)
	request.Header.Set("X-Giant", strings.Repeat("a", 20<<10))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("got %d", response.StatusCode)
	}
}

func TestSlowClientsAreCutOff(t *testing.T) {
	t.Parallel()
	url := serve(t, setup(t).api, httpapi.Limits{ReadHeader: 3 * time.Second, Read: 3 * time.Second})
	for name, sent := range map[string]string{
		"head": "POST /api/login HTTP/1.1\r\nHost: x\r\n",
		"body": "POST /api/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n{\"code\"",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
			if _, err := io.WriteString(conn, sent); err != nil {
				t.Fatal(err)
			}
			rest, err := io.ReadAll(conn) // returns once the server has closed
			if err != nil {
				t.Fatalf("still open: %v", err)
			}
			if name == "body" && !strings.Contains(string(rest), "MALFORMED_JSON") {
				t.Errorf("got %q", rest)
			}
		})
	}
}

func TestHeaderInjectionGoesNowhere(t *testing.T) {
	t.Parallel()
	s := setup(t)
	for _, head := range []string{
		"GET /api/hello HTTP/1.1\r\nHost: x\r\nX-Request-ID: a\rSet-Cookie: evil=1\r\n\r\n",
		"GET /api/hello HTTP/1.1\r\nHost: x\r\nX-Request-ID: a%0d%0aSet-Cookie: evil=1\r\n\r\n",
		"GET /api/hello%0d%0aSet-Cookie:%20evil=1 HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET /docs/a%0d%0aSet-Cookie:%20evil=1 HTTP/1.1\r\nHost: x\r\n\r\n",
	} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
		_, _ = io.WriteString(conn, head)
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatalf("%q: %v", head, err)
		}
		if _, found := response.Header["Set-Cookie"]; found || response.StatusCode >= 500 {
			t.Errorf("%q: got %d %v", head, response.StatusCode, response.Header)
		}
		conn.Close()
	}
}
