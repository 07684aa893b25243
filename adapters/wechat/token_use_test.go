package wechat

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/menjin-id/menjin/domain"
)

func TestKilledTokenIsNotNoticed(t *testing.T) {
	t.Parallel()
	wechat := startUpstream(t)
	client := setup(t, wechat.url, 0, neverOpens)
	phones(t, client, 1)
	wechat.killToken()
	phones(t, client, 50)
	wechat.wantFetches(t, 2)
	wechat.killToken()
	phones(t, client, 1)
	wechat.wantFetches(t, 3)
	if got := client.logs.String(); got != "" {
		t.Errorf("got log %s, want none", got)
	}
}

func TestEveryNoToATokenRenewsItOnce(t *testing.T) {
	t.Parallel()
	for _, errcode := range []int{40001, 40014, 42001} {
		t.Run(fmt.Sprint(errcode), func(t *testing.T) {
			t.Parallel()
			wechat := startUpstream(t)
			wechat.answer = respond(fmt.Sprintf(`{"errcode":%d,"errmsg":"%s"}`, errcode, testToken))
			client := setup(t, wechat.url, 0, neverOpens)
			client.checkFailure(t, client.phone(t), domain.ErrWeChatFailed)
			wechat.wantFetches(t, 2)
			wechat.wantUsed(t, 2)
			if got := client.logs.String(); strings.Count(got, `"level":"ERROR"`) != 1 {
				t.Errorf("got log %s, want one error for the operator", got)
			}
		})
	}
}

// WeChat gives the token in force to whoever asks. If it refuses that token too, asking again and again is of no use.
func TestTokenThatWeChatInsistsOnIsNotFetchedForEachCall(t *testing.T) {
	t.Parallel()
	wechat, clock := startUpstream(t), newTestClock()
	wechat.answer = respond(`{"errcode":40001}`)
	client := setupWith(t, Options{BaseURL: wechat.url, Clock: clock.now}, neverOpens)
	for range 10 {
		client.checkFailure(t, client.phone(t), domain.ErrWeChatFailed)
	}
	wechat.wantFetches(t, 2)
	clock.advance(doubtfulFor)
	client.checkFailure(t, client.phone(t), domain.ErrWeChatFailed)
	wechat.wantFetches(t, 3)
}

func TestRefusalOfAnOldTokenDoesNotCostTheNewOne(t *testing.T) {
	t.Parallel()
	wechat := startUpstream(t)
	client := setup(t, wechat.url, 0, neverOpens)
	phones(t, client, 1)
	keeper := client.apps[testApp].tokens
	keeper.drop(domain.NewSecret("an older token"))
	keeper.drop(domain.Secret{})
	phones(t, client, 1)
	wechat.wantFetches(t, 1)
}

// The token is renewed early and brings the old one again, which is refused meanwhile.
func TestTokenRefusedOnItsWayIsFetchedAgain(t *testing.T) {
	t.Parallel()
	wechat, clock := startUpstream(t), newTestClock()
	client := setupWith(t, Options{BaseURL: wechat.url, Timeout: time.Minute, Clock: clock.now}, neverOpens)
	phones(t, client, 1)
	fetch := holdFetches(t, wechat)
	clock.advance(110 * time.Minute)
	phones(t, client, 1) // begins the renewal
	<-fetch.arrived
	wechat.set(func(u *upstream) { u.token, u.fetch = testToken+"_2", nil })
	waiting := make(chan error)
	go func() { waiting <- client.phone(t) }()
	waitUntil(t, "the old token is dropped", func() bool {
		client.apps[testApp].tokens.mu.Lock()
		defer client.apps[testApp].tokens.mu.Unlock()
		return client.apps[testApp].tokens.token.Value.IsZero()
	})
	close(fetch.release)
	if err := <-waiting; err != nil {
		t.Errorf("got error %v, want none", err)
	}
	wechat.wantFetches(t, 3)
}

func TestRefusedTokensOpenTheBreakerOfTheCallAlone(t *testing.T) {
	t.Parallel()
	wechat := startUpstream(t)
	wechat.answer = respond(`{"errcode":42001}`)
	client := setup(t, wechat.url, 0, breakerPolicy{failures: 2, pause: time.Minute})
	for range 2 {
		client.checkFailure(t, client.phone(t), domain.ErrWeChatFailed)
	}
	client.checkFailure(t, client.phone(t), domain.ErrUnavailable)
	wechat.set(func(u *upstream) { u.answer = respond(`{"errcode":0,"errmsg":"ok"}`) })
	if err := client.CheckSessionKey(t.Context(), testApp, openID(testOpenID), sessionKey(testSessionKey)); err != nil {
		t.Errorf("CheckSessionKey: %v, want the breaker of telephone numbers not to concern it", err)
	}
}

func TestBusyCallIsTriedOnceMore(t *testing.T) {
	t.Parallel()
	wechat := startUpstream(t)
	var calls atomic.Int32
	wechat.answer = func(w http.ResponseWriter, r *http.Request) {
		if calls.Add(1) == 1 {
			respond(`{"errcode":-1,"errmsg":"system error"}`)(w, r)
			return
		}
		respond(testPhone)(w, r)
	}
	client := setup(t, wechat.url, 0, neverOpens)
	phones(t, client, 1)
	wechat.wantUsed(t, 2)
	wechat.set(func(u *upstream) { u.answer = respond(`{"errcode":-1}`) })
	client.checkFailure(t, client.phone(t), domain.ErrUnavailable)
	wechat.wantUsed(t, 4)
}
