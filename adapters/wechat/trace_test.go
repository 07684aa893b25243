package wechat

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/internal/testserver/spantest"
)

func TestSpansOfCallsHoldNothingOfTheQuery(t *testing.T) {
	t.Parallel()
	recorder := spantest.New(t, 1)
	ctx, span := recorder.Within(t.Context())
	told := make(chan http.Header, 8)
	answers := serve(t, func(w http.ResponseWriter, r *http.Request) {
		told <- r.Header
		respond(testSuccess)(w, r)
	})
	refuses := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	gone := serve(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	for _, url := range []string{answers, refuses, gone} {
		client := setupWith(t, Options{BaseURL: url, Timeout: time.Minute, Tracer: recorder.Tracer()}, neverOpens)
		_, _ = client.ExchangeCode(ctx, testApp, domain.NewSecret(testCode))
		_, _ = client.ExchangeCode(t.Context(), testApp, domain.NewSecret(testCode)) // no span is around it
	}
	span.End()
	const call = "GET /sns/jscode2session"
	if got, want := recorder.Names(), []string{call, call, call, "test"}; !slices.Equal(got, want) {
		t.Errorf("got spans %q, want %q", got, want)
	}
	text := recorder.Text()
	for _, secret := range []string{testCode, testSecret, testOpenID, testSessionKey, "js_code", string(testApp)} {
		if strings.Contains(text, secret) {
			t.Errorf("%q stands in a span:\n%s", secret, text)
		}
	}
	if got := (<-told).Get("Traceparent"); got != "" {
		t.Errorf("WeChat is told of the trace: got %q", got)
	}
}
