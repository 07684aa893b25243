package httpapi_test

import (
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/menjin-id/menjin/adapters/httpapi"
	"github.com/menjin-id/menjin/internal/testserver/promtest"
)

// counted waits until a metric says what it should: a request is counted after its answer.
func (s *service) counted(t *testing.T, want float64, name string, labels ...string) {
	t.Helper()
	deadline := time.Now().Add(60 * time.Second)
	for {
		got := promtest.Value(t, s.api.Metrics(), name, labels...)
		if got == want {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s %v: got %v, want %v", name, labels, got, want)
		}
		time.Sleep(time.Millisecond)
	}
}

func TestRequestsAreCountedByRouteAndStatus(t *testing.T) {
	t.Parallel()
	s := setup(t)
	data := s.signIn(t, "li")
	s.do(t, "GET", "/api/user/info", "", as(data.Token))
	s.do(t, "HEAD", "/api/user/info", "", as(data.Token))
	s.do(t, "GET", "/api/user/info", "")
	s.do(t, "DELETE", "/api/user/sessions/"+newID().String(), "", as(data.Token))
	const requests, info = "menjin_http_requests_total", "/api/user/info"
	s.counted(t, 2, requests, "method", "GET", "route", info, "status", "200")
	s.counted(t, 1, requests, "method", "GET", "route", info, "status", "401")
	s.counted(t, 1, requests, "method", "DELETE", "route", "/api/user/sessions/{id}")
	s.counted(t, 3, "menjin_http_request_duration_seconds", "route", info)
	s.counted(t, 5, "menjin_http_response_size_bytes")
	s.counted(t, 0, "menjin_http_requests_in_flight")
}

func TestWhatClientsMakeUpIsInNoLabel(t *testing.T) {
	t.Parallel()
	s := setup(t)
	for range 20 {
		made := newID().String()
		s.do(t, "GET", "/"+made, "")
		s.do(t, "M"+made[:8], "/api/hello", "")
		s.do(t, "OPTIONS", "/api/"+made, "")
	}
	s.counted(t, 60, "menjin_http_requests_total", "method", "other", "route", "unknown")
	s.counted(t, 60, "menjin_http_requests_total")
}

func TestSignInsAreCountedByMethodAndOutcome(t *testing.T) {
	t.Parallel()
	s := setup(t)
	first := s.signIn(t, "li")
	s.signIn(t, "li")
	s.do(t, "POST", "/api/login", `{"code":"never-given"}`)
	s.do(t, "POST", "/api/login", `{`)
	s.do(t, "POST", "/api/token/refresh", `{"refresh_token":"`+first.RefreshToken+`"}`)
	const signIns = "menjin_sign_ins_total"
	s.counted(t, 1, signIns, "method", "wechat", "outcome", "new")
	s.counted(t, 1, signIns, "method", "wechat", "outcome", "ok")
	s.counted(t, 1, signIns, "method", "wechat", "outcome", "WECHAT_CODE_INVALID")
	s.counted(t, 1, signIns, "method", "wechat", "outcome", "MALFORMED_JSON")
	s.counted(t, 1, signIns, "method", "refresh", "outcome", "ok")
}

func TestMetricsAreServedWhereThereAreAny(t *testing.T) {
	t.Parallel()
	s := setup(t, func(o *httpapi.Options) {
		o.Exposition = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/plain; version=0.0.4")
			_, _ = io.WriteString(w, "menjin_up 1\n")
		})
	})
	if reply := s.do(t, "GET", "/metrics", ""); reply.status != 200 || string(reply.body) != "menjin_up 1\n" {
		t.Errorf("got %d %q", reply.status, reply.body)
	}
	s.counted(t, 1, "menjin_http_requests_total", "route", "/metrics", "status", "200")
}

func TestFailureIsLoggedOnceWithItsCauseAndWhoMetIt(t *testing.T) {
	t.Parallel()
	s := setup(t)
	data := s.signIn(t, "li")
	s.reader.failWith(errors.New("the cause"))
	s.do(t, "GET", "/api/user/info", "", as(data.Token), header{"X-Request-ID": "trace-2"}).want(t, 500, "INTERNAL")
	access := s.log.lines(t, "request", 2)[1]
	lines := s.log.lines(t, "request failed", 1)
	if len(lines) != 1 {
		t.Fatalf("%d lines of one failure", len(lines))
	}
	for name, want := range map[string]any{
		"level": "ERROR", "reason": "INTERNAL", "error": "load user: the cause", "request_id": "trace-2", "route": "/api/user/info",
		"user_id": data.User.ID, "session_id": data.SessionID,
	} {
		if got := lines[0][name]; got != want {
			t.Errorf("failure: %s = %v, want %v", name, got, want)
		}
	}
	if access["status"] != 500.0 || access["reason"] != "INTERNAL" || access["user_id"] != data.User.ID || access["level"] != "INFO" {
		t.Errorf("access line %v", access)
	}
	s.do(t, "GET", "/api/user/info", "").want(t, 401, "TOKEN_MISSING")
	if access := s.log.lines(t, "request", 3)[2]; access["level"] != "INFO" || len(s.log.lines(t, "request failed", 1)) != 1 {
		t.Errorf("a client's mistake: access line %v, and lines of failures: %v", access, s.log.lines(t, "request failed", 1))
	}
}
