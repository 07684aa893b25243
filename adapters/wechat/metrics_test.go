package wechat

import (
	"testing"
	"time"

	"github.com/menjin-id/menjin/internal/testserver/promtest"
)

func TestCallsAreCountedByEndpointAndWhatBecameOfThem(t *testing.T) {
	t.Parallel()
	const calls, login = "menjin_wechat_requests_total", "code2Session"
	for answer, outcome := range map[string]string{
		testSuccess:                          "ok",
		`{"errcode":40029,"errmsg":"used"}`:  "client",
		`{"errcode":40226,"errmsg":"risk"}`:  "user",
		`{"errcode":45011,"errmsg":"often"}`: "wait",
		wrongSecret:                          "operator",
		`{"errcode":99999,"errmsg":"new"}`:   "unknown",
		`not JSON`:                           "implausible",
	} {
		client := setup(t, serve(t, respond(answer)), 0, neverOpens)
		_ = client.exchange(t) // its error is another test's
		if got := promtest.Value(t, client.Metrics(), calls, "endpoint", login, "outcome", outcome); got != 1 {
			t.Errorf("%s: counted %v times as %s, want once", answer, got, outcome)
		}
		if got := promtest.Value(t, client.Metrics(), calls, "endpoint", login); got != 1 {
			t.Errorf("%s: counted %v times, want once", answer, got)
		}
		if got := promtest.Value(t, client.Metrics(), "menjin_wechat_request_duration_seconds", "endpoint", login); got != 1 {
			t.Errorf("%s: timed %v times, want once", answer, got)
		}
	}
}

func TestWeChatThatIsBusyIsCountedWithItsSecondTry(t *testing.T) {
	t.Parallel()
	client := setup(t, serve(t, respond(`{"errcode":-1,"errmsg":"busy"}`)), 0, neverOpens)
	_ = client.exchange(t) // its error is another test's
	for name, want := range map[string]float64{"menjin_wechat_requests_total": 2, "menjin_wechat_retries_total": 1} {
		if got := promtest.Value(t, client.Metrics(), name); got != want {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
}

func TestWeChatThatDoesNotAnswerIsCountedAsSuch(t *testing.T) {
	t.Parallel()
	client := setup(t, "http://127.0.0.1:1", time.Second, neverOpens)
	_ = client.exchange(t) // its error is another test's
	if got := promtest.Value(t, client.Metrics(), "menjin_wechat_requests_total", "outcome", "unanswered"); got != 1 {
		t.Errorf("got %v, want 1", got)
	}
}

func TestPausedCallsAreShown(t *testing.T) {
	t.Parallel()
	client := setup(t, serve(t, respond(wrongSecret)), 0, breakerPolicy{failures: 2, pause: time.Hour})
	open := func(endpoint string) float64 {
		return promtest.Value(t, client.Metrics(), "menjin_wechat_breaker_open", "app_id", string(testApp), "endpoint", endpoint)
	}
	for _, want := range []float64{0, 1, 1} {
		_ = client.exchange(t) // its error is another test's
		if got := open("code2Session"); got != want {
			t.Errorf("code2Session: got %v, want %v", got, want)
		}
	}
	if got := open("getPhoneNumber"); got != 0 {
		t.Errorf("getPhoneNumber: got %v, want 0", got)
	}
}
