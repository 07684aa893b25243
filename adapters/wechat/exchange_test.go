package wechat

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/menjin-id/menjin/domain"
)

func TestCodeIsTradedForIdentity(t *testing.T) {
	t.Parallel()
	var request *http.Request
	var body []byte
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		request = r
		body, _ = io.ReadAll(r.Body)
		respond(`{"openid":"`+testOpenID+`","session_key":"`+testSessionKey+`","unionid":"`+testUnionID+`"}`)(w, r)
	})
	client := setup(t, url, 0, neverOpens)

	login, err := client.ExchangeCode(t.Context(), testApp, domain.NewSecret("a&b=c+d/é"))
	if err != nil {
		t.Fatalf("ExchangeCode: %v", err)
	}
	if got := login.OpenID.Reveal(); got != testOpenID {
		t.Errorf("got openid %q, want %q", got, testOpenID)
	}
	if got := login.UnionID.Reveal(); got != testUnionID {
		t.Errorf("got unionid %q, want %q", got, testUnionID)
	}
	if got := login.SessionKey.Reveal(); got != testSessionKey {
		t.Errorf("got session_key %q, want %q", got, testSessionKey)
	}
	if request.Method != http.MethodGet || request.URL.Path != "/sns/jscode2session" {
		t.Errorf("got request %s %s", request.Method, request.URL.Path)
	}
	query := request.URL.Query()
	for name, want := range map[string]string{
		"appid": string(testApp), "secret": testSecret, "js_code": "a&b=c+d/é", "grant_type": "authorization_code",
	} {
		if got := query.Get(name); got != want || len(query) != 4 {
			t.Errorf("got %s %q, want %q; query %v", name, got, want, query)
		}
	}
	if len(body) != 0 || request.ContentLength != 0 || len(request.TransferEncoding) != 0 {
		t.Errorf("got a body: %q, length %d, encoding %v", body, request.ContentLength, request.TransferEncoding)
	}
}

func TestConnectionIsKept(t *testing.T) {
	t.Parallel()
	addresses := make(map[string]bool)
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		addresses[r.RemoteAddr] = true
		respond(testSuccess)(w, r)
	})
	client := setup(t, url, 0, neverOpens)
	for range 10 {
		if err := client.exchange(t); err != nil {
			t.Fatalf("ExchangeCode: %v", err)
		}
	}
	if len(addresses) != 1 {
		t.Errorf("got %d connections for 10 exchanges, want 1", len(addresses))
	}
}

func TestUselessCodeIsRefusedWithoutCalling(t *testing.T) {
	t.Parallel()
	client := setup(t, serve(t, func(http.ResponseWriter, *http.Request) { t.Error("WeChat was called") }), 0, neverOpens)
	for name, test := range map[string]struct {
		app               domain.AppID
		code, field, rule string
	}{
		"empty":       {testApp, "", "code", "required"},
		"blank":       {testApp, " \t", "code", "required"},
		"overlong":    {testApp, strings.Repeat("x", 257), "code", "max"},
		"control":     {testApp, "\x00abc", "code", "format"},
		"not UTF-8":   {testApp, "\xff", "code", "format"},
		"unknown app": {"wxffffffffffffffff", testCode, "app_id", "enum"},
		"no app":      {"", testCode, "app_id", "enum"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := client.ExchangeCode(t.Context(), test.app, domain.NewSecret(test.code))
			client.checkFailure(t, err, domain.ErrInvalidArgument)
			var failure *domain.Error
			if !errors.As(err, &failure) || len(failure.Violations) != 1 ||
				failure.Violations[0].Field != test.field || failure.Violations[0].Rule != test.rule {
				t.Errorf("got %+v, want one violation of %s by %s", failure, test.rule, test.field)
			}
		})
	}
}

func TestLongestCodeIsSent(t *testing.T) {
	t.Parallel()
	client := setup(t, serve(t, respond(testSuccess)), 0, neverOpens)
	if _, err := client.ExchangeCode(t.Context(), testApp, domain.NewSecret(strings.Repeat("x", 256))); err != nil {
		t.Errorf("ExchangeCode: %v", err)
	}
}

func TestCallersCancellationStaysOne(t *testing.T) {
	t.Parallel()
	arrived := make(chan struct{})
	client := setup(t, serve(t, func(_ http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-r.Context().Done()
	}), time.Minute, neverOpens)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-arrived
		cancel()
	}()
	_, err := client.ExchangeCode(ctx, testApp, domain.NewSecret(testCode))
	var failure *domain.Error
	if !errors.Is(err, context.Canceled) || errors.As(err, &failure) {
		t.Errorf("got error %v, want context.Canceled and no failure of WeChat's", err)
	}
	client.checkDiscreet(t, err)
}

func TestCallersDeadlineIsATimeout(t *testing.T) {
	t.Parallel()
	client := setup(t, serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }), time.Minute, neverOpens)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := client.ExchangeCode(ctx, testApp, domain.NewSecret(testCode))
	client.checkFailure(t, err, domain.ErrWeChatTimeout)
}

func TestBusyAnswerIsTriedOnceMore(t *testing.T) {
	t.Parallel()
	const busy = `{"errcode":-1,"errmsg":"system error, rid: 652d44d0-1d0af18b-5b069232"}`
	for name, test := range map[string]struct {
		answers []string
		want    *domain.Error
	}{
		"then well":      {answers: []string{busy, testSuccess}},
		"then busy":      {answers: []string{busy, busy}, want: domain.ErrUnavailable},
		"then code used": {answers: []string{busy, `{"errcode":40163,"errmsg":"code been used"}`}, want: domain.ErrWeChatCodeUsed},
		"then broken":    {answers: []string{busy, `<html>`}, want: domain.ErrWeChatFailed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var calls atomic.Int32
			client := setup(t, serve(t, func(w http.ResponseWriter, r *http.Request) {
				n := int(calls.Add(1))
				respond(test.answers[min(n, len(test.answers))-1])(w, r)
			}), 0, neverOpens)
			err := client.exchange(t)
			if test.want != nil {
				client.checkFailure(t, err, test.want)
			} else if err != nil {
				t.Errorf("got error %v, want none", err)
			}
			if test.want == domain.ErrUnavailable {
				client.checkRetryAfter(t, err, time.Second)
			}
			if got := calls.Load(); got != 2 {
				t.Errorf("got %d calls, want 2", got)
			}
		})
	}
}

func TestSecondTryEndsWithTheCaller(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	var calls atomic.Int32
	client := setup(t, serve(t, func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		respond(`{"errcode":-1,"errmsg":"system error"}`)(w, r)
	}), 0, neverOpens)
	timer := time.AfterFunc(busyPause/4, cancel)
	defer timer.Stop()
	if _, err := client.ExchangeCode(ctx, testApp, domain.NewSecret(testCode)); err == nil {
		t.Error("got no error, want one")
	}
	if got := calls.Load(); got > 1 {
		t.Errorf("got %d calls, want at most 1", got)
	}
}
