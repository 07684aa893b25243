package httpapi_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/menjin-id/menjin/adapters/httpapi"
	"github.com/menjin-id/menjin/internal/testserver/spantest"
)

const (
	theirTrace  = "0af7651916cd43dd8448eb211c80319c"
	theirParent = "00-" + theirTrace + "-b7ad6b7169203331-01"
)

func traced(recorder *spantest.Recorder) func(*httpapi.Options) {
	return func(o *httpapi.Options) { o.Tracer = recorder.Tracer() }
}

func TestRequestHasASpanAndItsUseCaseOneWithin(t *testing.T) {
	t.Parallel()
	recorder := spantest.New(t, 1)
	s := setup(t, traced(recorder))
	var within trace.SpanContext
	s.reader.before = func(ctx context.Context) error {
		within = trace.SpanContextFromContext(ctx)
		return nil
	}
	in := s.signIn(t, "alice")
	s.do(t, "GET", "/api/user/info?x=hunter2", "", as(in.Token))

	request, operation := recorder.Named("GET /api/user/info")[0], recorder.Named("getUserInfo")
	if len(operation) != 1 || operation[0].Parent().SpanID() != request.SpanContext().SpanID() || !within.Equal(operation[0].SpanContext()) {
		t.Fatalf("got spans %q, want getUserInfo in GET /api/user/info, and what the use case calls in it", recorder.Names())
	}
	for key, want := range map[string]string{
		"http.request.method": "GET", "http.route": "/api/user/info", "http.response.status_code": "200", "user.id": in.User.ID,
	} {
		if got := spantest.Attribute(request, key); got != want {
			t.Errorf("%s: got %q, want %q", key, got, want)
		}
	}
	if line := s.log.lines(t, "request", 2)[1]; line["trace_id"] != request.SpanContext().TraceID().String() {
		t.Errorf("line of the request: got %v, want trace %s", line, request.SpanContext().TraceID())
	}
}

func TestSpansHoldNothingThatAClientSent(t *testing.T) {
	t.Parallel()
	recorder := spantest.New(t, 1)
	s := setup(t, traced(recorder))
	in := s.signIn(t, "alice")
	s.do(t, "GET", "/api/user/info", "", as(in.Token))
	for _, path := range []string{"/hunter2", "/api/hunter2", "/docs/hunter2", "/wechat/push/hunter2?signature=hunter2"} {
		request := httptest.NewRequest(http.MethodGet, path, http.NoBody)
		request.Header.Set("Authorization", "Bearer hunter2")
		request.Header.Set("X-Request-Id", "hunter2")
		request.Header.Set("User-Agent", "hunter2")
		request.Header.Set("Traceparent", theirParent)
		request.Header.Set("Tracestate", "x=hunter2")
		request.Header.Set("Baggage", "x=hunter2")
		request.RemoteAddr = "203.0.113.77:1234"
		s.api.ServeHTTP(httptest.NewRecorder(), request)
	}
	s.do(t, "POST", "/api/login", `{"code":"hunter2"}`)
	text := recorder.Text()
	for _, secret := range []string{"hunter2", in.Token, in.RefreshToken, "203.0.113.77", "127.0.0.1", "openid-of-alice"} {
		if strings.Contains(text, secret) {
			t.Errorf("%q stands in a span:\n%s", secret, text)
		}
	}
}

func TestFailureOfOursIsOneInTheSpans(t *testing.T) {
	t.Parallel()
	recorder := spantest.New(t, 1)
	s := setup(t, traced(recorder))
	in := s.signIn(t, "alice")
	s.reader.failWith(errors.New("hunter2"))
	s.do(t, "GET", "/api/user/info", "", as(in.Token)).want(t, http.StatusInternalServerError, "INTERNAL")
	s.do(t, "GET", "/api/user/info", "").want(t, http.StatusUnauthorized, "TOKEN_MISSING")
	requests := recorder.Named("GET /api/user/info")
	if got := []codes.Code{requests[0].Status().Code, recorder.Named("getUserInfo")[0].Status().Code, requests[1].Status().Code}; got[0] != codes.Error ||
		got[1] != codes.Error || got[2] != codes.Unset {
		t.Errorf("got statuses %v, want errors for the failure and none for the refusal", got)
	}
	if got := spantest.Attribute(requests[1], "menjin.reason"); got != "TOKEN_MISSING" {
		t.Errorf("reason: got %q, want TOKEN_MISSING", got)
	}
	if strings.Contains(recorder.Text(), "hunter2") {
		t.Errorf("the error's text stands in a span:\n%s", recorder.Text())
	}
}

// Who may name the trace decides that it is recorded. That is not for clients, nor for proxies that hand on what clients wrote.
func TestTraceOfElsewhereIsGoneOnWithOnlyForTrustedProxiesThatWriteIt(t *testing.T) {
	t.Parallel()
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	for name, test := range map[string]struct {
		trusted []netip.Prefix
		parents bool
		peer    string
		want    bool
	}{
		"a client":                               {nil, true, "10.1.2.3:5", false},
		"a client beside a proxy":                {proxies, true, "192.0.2.1:5", false},
		"a proxy that may hand on what it gets":  {proxies, false, "10.1.2.3:5", false},
		"a proxy that writes it":                 {proxies, true, "10.1.2.3:5", true},
		"a proxy that writes it, by IPv6":        {proxies, true, "[fd00::1]:5", true},
		"a proxy that writes it, mapped to IPv6": {proxies, true, "[::ffff:10.1.2.3]:5", true},
		"a peer without an address":              {proxies, true, "@", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			recorder := spantest.New(t, 0)
			s := setup(t, traced(recorder), func(o *httpapi.Options) { o.TrustedProxies, o.TraceParents = test.trusted, test.parents })
			request := httptest.NewRequest(http.MethodGet, "/health/live", http.NoBody)
			request.RemoteAddr = test.peer
			request.Header.Set("Traceparent", theirParent)
			s.api.ServeHTTP(httptest.NewRecorder(), request)
			spans := recorder.Named("GET /health/live")
			if got := len(spans) == 1 && spans[0].SpanContext().TraceID().String() == theirTrace; got != test.want {
				t.Errorf("recorded in their trace: got %t, want %t", got, test.want)
			}
		})
	}
}

func TestMalformedTraceParentBeginsATraceOfItsOwn(t *testing.T) {
	t.Parallel()
	recorder := spantest.New(t, 1)
	s := setup(t, traced(recorder), func(o *httpapi.Options) {
		o.TraceParents, o.TrustedProxies = true, []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")}
	})
	given := []string{"", "x", "ff" + theirParent[2:], "00-" + strings.Repeat("0", 32) + "-b7ad6b7169203331-01", strings.Repeat("a", 8000)}
	for _, text := range given {
		request := httptest.NewRequest(http.MethodGet, "/health/live", http.NoBody)
		request.Header.Set("Traceparent", text)
		s.api.ServeHTTP(httptest.NewRecorder(), request)
	}
	spans := recorder.Named("GET /health/live")
	if len(spans) != len(given) {
		t.Fatalf("got %d spans, want %d", len(spans), len(given))
	}
	for i, span := range spans {
		if span.Parent().IsValid() {
			t.Errorf("%.60q: got a parent, want none", given[i])
		}
	}
}

func TestPanicEndsTheSpans(t *testing.T) {
	t.Parallel()
	recorder := spantest.New(t, 1)
	s := setup(t, traced(recorder))
	in := s.signIn(t, "alice")
	s.reader.before = func(context.Context) error { panic("hunter2") }
	s.do(t, "GET", "/api/user/info", "", as(in.Token)).want(t, http.StatusInternalServerError, "INTERNAL")
	if len(recorder.Named("getUserInfo")) != 1 || recorder.Named("GET /api/user/info")[0].Status().Code != codes.Error {
		t.Errorf("got spans %q, want both ended and the request failed", recorder.Names())
	}
	if strings.Contains(recorder.Text(), "hunter2") {
		t.Errorf("the panic stands in a span:\n%s", recorder.Text())
	}
}
