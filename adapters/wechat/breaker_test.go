package wechat

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/menjin-id/menjin/domain"
)

// script answers with what it holds at the time, and counts.
type script struct {
	body  atomic.Pointer[string]
	calls atomic.Int32
}

func (s *script) say(body string) { s.body.Store(&body) }

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.calls.Add(1)
	respond(*s.body.Load())(w, r)
}

const wrongSecret = `{"errcode":40125,"errmsg":"invalid appsecret"}`

func TestBreakerOpensTriesAndCloses(t *testing.T) {
	t.Parallel()
	wechat := new(script)
	wechat.say(wrongSecret)
	policy := breakerPolicy{failures: 20, pause: 2 * time.Second} // enough to meet with it
	client := setup(t, serve(t, wechat.ServeHTTP), 0, policy)
	for range 20 {
		client.checkFailure(t, client.exchange(t), domain.ErrWeChatFailed)
	}

	err := client.exchange(t)
	client.checkFailure(t, err, domain.ErrUnavailable)
	client.checkRetryAfter(t, err, policy.pause)
	if got := wechat.calls.Load(); got != 20 {
		t.Errorf("got %d calls, want 20", got)
	}

	untilCalled(t, client, wechat, 21) // and fails again
	wechat.say(testSuccess)
	untilCalled(t, client, wechat, 22)
	if err := client.exchange(t); err != nil {
		t.Errorf("got error %v after recovery", err)
	}
	for message, want := range map[string]int{"paused": 2, "let through": 2, "resumed": 1} {
		if got := strings.Count(client.logs.String(), message); got != want {
			t.Errorf("got %d log lines with %q, want %d", got, message, want)
		}
	}
}

// untilCalled exchanges until a call arrives; those before it find the breaker open.
func untilCalled(t *testing.T, client bundle, wechat *script, calls int32) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(60 * time.Second); wechat.calls.Load() < calls; <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("got %d calls, want %d", wechat.calls.Load(), calls)
		}
		if err := client.exchange(t); err != nil && wechat.calls.Load() < calls {
			client.checkFailure(t, err, domain.ErrUnavailable)
		}
	}
}

func TestBreakerLetsOneThroughToTry(t *testing.T) {
	t.Parallel()
	arrived, release := make(chan struct{}), make(chan struct{})
	var hold atomic.Bool
	client := setup(t, serve(t, func(w http.ResponseWriter, r *http.Request) {
		if !hold.Load() {
			respond(wrongSecret)(w, r)
			return
		}
		arrived <- struct{}{}
		<-release
		respond(testSuccess)(w, r)
	}), time.Minute, breakerPolicy{failures: 1, pause: time.Millisecond})
	_ = client.exchange(t)
	hold.Store(true)
	tried := make(chan error)
	go func() {
		var err error
		for deadline := time.Now().Add(60 * time.Second); time.Now().Before(deadline); {
			if _, err = client.ExchangeCode(context.Background(), testApp, domain.NewSecret(testCode)); err == nil {
				break
			}
		}
		tried <- err
	}()
	<-arrived
	for range 10 {
		client.checkFailure(t, client.exchange(t), domain.ErrUnavailable)
	}
	close(release)
	if err := <-tried; err != nil {
		t.Errorf("got error %v from the try", err)
	}
}

func TestWhatOpensTheBreaker(t *testing.T) {
	t.Parallel()
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
	}
	for name, test := range map[string]struct {
		handler http.HandlerFunc
		opens   bool
	}{
		"wrong secret":    {respond(wrongSecret), true},
		"HTML":            {respond("<html>"), true},
		"HTTP 502":        {status(http.StatusBadGateway), true},
		"redirect":        {status(http.StatusFound), true},
		"hang":            {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, true},
		"busy":            {respond(`{"errcode":-1}`), true},
		"code invalid":    {respond(`{"errcode":40029}`), false},
		"code used":       {respond(`{"errcode":40163}`), false},
		"blocked":         {respond(`{"errcode":40226}`), false},
		"minute limit":    {respond(`{"errcode":45011}`), false},
		"daily quota":     {respond(`{"errcode":45009}`), false},
		"unknown errcode": {respond(`{"errcode":99999}`), false},
		"HTTP 403":        {status(http.StatusForbidden), false},
		"success":         {respond(testSuccess), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			timeout := time.Minute
			if name == "hang" {
				timeout = 300 * time.Millisecond
			}
			client := setup(t, serve(t, test.handler), timeout, breakerPolicy{failures: 2, pause: time.Minute})
			for range 3 {
				_ = client.exchange(t)
			}
			if got := strings.Contains(client.logs.String(), "paused"); got != test.opens {
				t.Errorf("got breaker open %t, want %t; log %s", got, test.opens, client.logs)
			}
		})
	}
}

func TestCancelledCallersDoNotOpenTheBreaker(t *testing.T) {
	t.Parallel()
	arrived := make(chan struct{})
	var hang atomic.Bool
	hang.Store(true)
	client := setup(t, serve(t, func(w http.ResponseWriter, r *http.Request) {
		if !hang.Load() {
			respond(testSuccess)(w, r)
			return
		}
		arrived <- struct{}{}
		<-r.Context().Done()
	}), time.Minute, breakerPolicy{failures: 2, pause: time.Minute})
	for range 5 {
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			<-arrived
			cancel()
		}()
		_, _ = client.ExchangeCode(ctx, testApp, domain.NewSecret(testCode))
		cancel()
	}
	hang.Store(false)
	if err := client.exchange(t); err != nil {
		t.Errorf("got error %v, want none", err)
	}
}

func TestBreakersOfAppsAreApart(t *testing.T) {
	t.Parallel()
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("appid") == "bad" {
			respond(wrongSecret)(w, r)
			return
		}
		respond(testSuccess)(w, r)
	})
	secret := domain.NewSecret(testSecret)
	client, err := newClient(Options{BaseURL: url, Apps: []App{{"bad", secret}, {"good", secret}}}, breakerPolicy{failures: 1, pause: time.Minute})
	if err != nil {
		t.Fatalf("newClient: %v", err)
	}
	t.Cleanup(client.Close)
	for range 2 {
		_, _ = client.ExchangeCode(t.Context(), "bad", domain.NewSecret(testCode))
	}
	if _, err := client.ExchangeCode(t.Context(), "good", domain.NewSecret(testCode)); err != nil {
		t.Errorf("got error %v for the other app", err)
	}
}
