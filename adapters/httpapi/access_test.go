package httpapi_test

import (
	"log/slog"
	"net/netip"
	"strings"
	"testing"

	"github.com/menjin-id/menjin/adapters/httpapi"
)

func TestEachRequestHasOneAccessLine(t *testing.T) {
	t.Parallel()
	s := setup(t)
	data := s.signIn(t, "li")
	reply := s.do(t, "GET", "/api/user/info?phone=13812341234", "", as(data.Token), header{"X-Request-ID": "trace-1"})
	line := s.log.lines(t, "request", 2)[1]
	for name, want := range map[string]any{
		"level": "INFO", "method": "GET", "route": "/api/user/info", "status": 200.0, "bytes": float64(len(reply.body)),
		"request_id": "trace-1", "user_id": data.User.ID, "session_id": data.SessionID, "client_ip": "127.0.0.1",
	} {
		if got := line[name]; got != want {
			t.Errorf("%s = %v, want %v", name, got, want)
		}
	}
	if strings.Contains(s.log.String(), "13812341234") {
		t.Error("the query is in the log")
	}
}

func TestAccessLineOfAFailureHasItsReasonAndNoPath(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.do(t, "GET", "/api/secret-in-path", "")
	line := s.log.lines(t, "request", 1)[0]
	if line["reason"] != "NOT_FOUND" || line["route"] != "unknown" || line["level"] != "INFO" {
		t.Errorf("line %v", line)
	}
	if strings.Contains(s.log.String(), "secret-in-path") {
		t.Error("the path is in the log")
	}
}

func TestForwardedAddressCountsFromTrustedProxiesAlone(t *testing.T) {
	t.Parallel()
	prefixes := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	direct, proxied := setup(t), setup(t, func(o *httpapi.Options) { o.TrustedProxies = prefixes })
	for _, test := range []struct{ forwarded, direct, proxied string }{
		{"", "127.0.0.1", "127.0.0.1"},
		{"203.0.113.9", "127.0.0.1", "203.0.113.9"},
		{"1.2.3.4, 203.0.113.9, 10.0.0.7", "127.0.0.1", "203.0.113.9"},
		{"2001:db8::1, fd00::7", "127.0.0.1", "2001:db8::1"},
		{"not an address", "127.0.0.1", "127.0.0.1"},
		{"1.2.3.4, <script>", "127.0.0.1", "127.0.0.1"},
	} {
		for s, want := range map[*service]string{direct: test.direct, proxied: test.proxied} {
			id := newID().String()
			headers := header{"X-Request-ID": id, "X-Real-IP": "6.6.6.6"}
			if test.forwarded != "" {
				headers["X-Forwarded-For"] = test.forwarded
			}
			s.do(t, "GET", "/api/hello", "", headers)
			for n := 1; ; n++ {
				line := s.log.lines(t, "request", n)[n-1]
				if line["request_id"] != id {
					continue
				}
				if line["client_ip"] != want {
					t.Errorf("%q: client_ip %v, want %s", test.forwarded, line["client_ip"], want)
				}
				break
			}
		}
	}
}

func TestLogHandlerAddsTheRequestIDOnce(t *testing.T) {
	t.Parallel()
	buffer := &logBuffer{}
	handler := httpapi.LogHandler(httpapi.LogHandler(slog.NewTextHandler(buffer, nil)))
	slog.New(handler).With("a", 1).WithGroup("g").InfoContext(t.Context(), "outside", "b", 2)
	if got := buffer.String(); strings.Contains(got, "request_id") || !strings.Contains(got, "a=1 g.b=2") {
		t.Errorf("got %s", got)
	}
	if got := httpapi.RequestID(t.Context()); got != "" {
		t.Errorf("RequestID outside a request is %q", got)
	}
}

func TestCORSIsOffUnlessConfigured(t *testing.T) {
	t.Parallel()
	origin := header{"Origin": "https://app.example"}
	s := setup(t)
	if reply := s.do(t, "GET", "/api/hello", "", origin); reply.header.Get("Access-Control-Allow-Origin") != "" || reply.header.Get("Vary") != "" {
		t.Errorf("got %v", reply.header)
	}
	s = setup(t, func(o *httpapi.Options) { o.CORSOrigins = []string{"https://app.example"} })
	reply := s.do(t, "GET", "/api/hello", "", origin)
	if reply.header.Get("Access-Control-Allow-Origin") != "https://app.example" || reply.header.Get("Vary") != "Origin" ||
		reply.header.Get("Access-Control-Allow-Credentials") != "" {
		t.Errorf("got %v", reply.header)
	}
	s.do(t, "GET", "/api/user/info", "", origin).want(t, 401, "TOKEN_MISSING")
	for _, stranger := range []string{"https://evil.example", "null", "https://app.example.evil.example", "http://app.example"} {
		if reply := s.do(t, "GET", "/api/hello", "", header{"Origin": stranger}); reply.header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s is let in", stranger)
		}
	}
	preflight := s.do(t, "OPTIONS", "/api/login", "", origin, header{"Access-Control-Request-Method": "POST"})
	if preflight.status != 204 || !strings.Contains(preflight.header.Get("Access-Control-Allow-Headers"), "Authorization") {
		t.Errorf("preflight: got %d %v", preflight.status, preflight.header)
	}
}

func TestLanguageFollowsThePreference(t *testing.T) {
	t.Parallel()
	s := setup(t)
	const zh, en = "你好,门禁", "Hello from Menjin"
	for accept, want := range map[string]string{
		"": zh, "zh": zh, "zh-TW": zh, "en": en, "en-US,en;q=0.9": en, "zh-CN,zh;q=0.9,en;q=0.8": zh, "en;q=0.3,zh;q=0.2": en,
		"fr": zh, "fr,en;q=0.5": en, "*": zh, "en;q=0": zh, ";;;": zh, "x-\xff": zh, strings.Repeat("en,", 400): zh,
	} {
		if reply := s.do(t, "GET", "/api/hello", "", header{"Accept-Language": accept}); !strings.Contains(string(reply.body), want) {
			t.Errorf("%q: got %s, want %s", accept, reply.body, want)
		}
	}
}
