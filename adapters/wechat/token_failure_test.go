package wechat

import (
	"testing"
	"time"

	"github.com/menjin-id/menjin/domain"
)

func TestOldTokenServesThoughItCannotBeRenewed(t *testing.T) {
	t.Parallel()
	wechat, clock := startUpstream(t), newTestClock()
	client := setupWith(t, Options{BaseURL: wechat.url, Clock: clock.now}, neverOpens)
	phones(t, client, 1)
	wechat.set(func(u *upstream) { u.fetch = respond(`{"errcode":45011}`) })
	clock.advance(110 * time.Minute)
	phones(t, client, 5)
	waitUntil(t, "the operator is told", func() bool { return client.logs.String() != "" })
	phones(t, client, 5)
	wechat.wantFetches(t, 2)
	client.checkDiscreet(t, nil)

	clock.advance(11 * time.Minute) // and now the token is over
	client.checkFailure(t, client.phone(t), domain.ErrWeChatRateLimited)
}

func TestFailedFetchSpeaksForAWhile(t *testing.T) {
	t.Parallel()
	wechat, clock := startUpstream(t), newTestClock()
	wechat.fetch = respond(`{"errcode":40164,"errmsg":"invalid ip"}`)
	client := setupWith(t, Options{BaseURL: wechat.url, Clock: clock.now}, neverOpens)
	for fetches := 1; fetches <= 3; fetches++ {
		for range 20 {
			client.checkFailure(t, client.phone(t), domain.ErrWeChatFailed)
		}
		wechat.wantFetches(t, fetches)
		clock.advance(maxQuiet / 10)
	}
	wechat.set(func(u *upstream) { u.fetch = nil })
	phones(t, client, 1)
}

func TestFailedFetchDoesNotOutliveAClockPutBack(t *testing.T) {
	t.Parallel()
	wechat, clock := startUpstream(t), newTestClock()
	wechat.fetch = respond(`{"errcode":40164}`)
	client := setupWith(t, Options{BaseURL: wechat.url, Clock: clock.now}, neverOpens)
	client.checkFailure(t, client.phone(t), domain.ErrWeChatFailed)
	wechat.set(func(u *upstream) { u.fetch = nil })
	clock.advance(-time.Hour)
	phones(t, client, 1)
}

func TestFetchesThatFailOpenTheirOwnBreaker(t *testing.T) {
	t.Parallel()
	wechat, clock := startUpstream(t), newTestClock()
	wechat.fetch = respond(`{"errcode":40125}`)
	client := setupWith(t, Options{BaseURL: wechat.url, Clock: clock.now}, breakerPolicy{failures: 3, pause: time.Minute})
	for range 10 {
		client.checkDiscreet(t, client.phone(t))
		clock.advance(maxQuiet + time.Minute)
	}
	client.checkFailure(t, client.phone(t), domain.ErrUnavailable)
	wechat.wantFetches(t, 3)
}

func TestNonsenseInExpiresInMakesNoHotLoop(t *testing.T) {
	t.Parallel()
	for name, expiresIn := range map[string]string{
		"zero": "0", "negative": "-7200", "word": `"soon"`, "null": "null", "object": "{}", "one": "1", "tiny": "1e-300",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wechat, clock := startUpstream(t), newTestClock()
			wechat.expiresIn = expiresIn
			client := setupWith(t, Options{BaseURL: wechat.url, Clock: clock.now}, neverOpens)
			for range 300 {
				phones(t, client, 1)
				clock.advance(time.Second)
			}
			wechat.mu.Lock()
			defer wechat.mu.Unlock()
			if wechat.fetches > 10 {
				t.Errorf("got %d fetches in 300 seconds, want at most 10", wechat.fetches)
			}
		})
	}
}

func TestShortRestOfALifeMakesNoHotLoop(t *testing.T) {
	t.Parallel()
	wechat, clock := startUpstream(t), newTestClock()
	wechat.expiresIn = "300"
	client := setupWith(t, Options{BaseURL: wechat.url, Clock: clock.now}, neverOpens)
	for range 149 {
		phones(t, client, 1)
		clock.advance(time.Second)
	}
	wechat.wantFetches(t, 1)
}
