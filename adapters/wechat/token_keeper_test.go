package wechat

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/menjin-id/menjin/domain"
)

func TestFiftyCallsOnAColdCacheFetchOnce(t *testing.T) {
	t.Parallel()
	wechat := startUpstream(t)
	client := setup(t, wechat.url, 0, neverOpens)
	phones(t, client, 50)
	wechat.wantFetches(t, 1)
	wechat.wantUsed(t, 50)
}

// phones makes calls at once and wants none to fail.
func phones(t *testing.T, client bundle, calls int) {
	t.Helper()
	var calling sync.WaitGroup
	for range calls {
		calling.Go(func() {
			if err := client.phone(t); err != nil {
				t.Errorf("ExchangePhoneCode: %v", err)
			}
		})
	}
	calling.Wait()
}

// held answers to fetches one by one, when the test lets it.
type held struct{ arrived, release chan struct{} }

func holdFetches(t *testing.T, wechat *upstream) held {
	t.Helper()
	h := held{make(chan struct{}), make(chan struct{})}
	wechat.fetch = func(w http.ResponseWriter, r *http.Request) {
		select {
		case h.arrived <- struct{}{}:
		case <-r.Context().Done():
			return
		}
		select {
		case <-h.release:
			respond(`{"access_token":"`+testToken+`_1","expires_in":7200}`)(w, r)
		case <-r.Context().Done():
		}
	}
	return h
}

func TestFetchSurvivesTheCallerWhoBeganIt(t *testing.T) {
	t.Parallel()
	wechat := startUpstream(t)
	fetch := holdFetches(t, wechat)
	client := setup(t, wechat.url, time.Minute, neverOpens)
	ctx, cancel := context.WithCancel(t.Context())
	first := make(chan error)
	go func() {
		_, err := client.ExchangePhoneCode(ctx, testApp, openID(testOpenID), domain.NewSecret(testCode))
		first <- err
	}()
	<-fetch.arrived
	second := make(chan error)
	go func() { second <- client.phone(t) }()
	cancel()
	err := <-first
	var failure *domain.Error
	if !errors.Is(err, context.Canceled) || errors.As(err, &failure) {
		t.Errorf("got error %v for who left, want context.Canceled and no failure of WeChat's", err)
	}
	close(fetch.release)
	if err := <-second; err != nil {
		t.Errorf("got error %v for who stayed, want none", err)
	}
	wechat.wantFetches(t, 1)
}

func TestWaitForATokenEndsWithTheCallersTime(t *testing.T) {
	t.Parallel()
	wechat := startUpstream(t)
	holdFetches(t, wechat)
	client := setup(t, wechat.url, time.Minute, neverOpens)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err := client.ExchangePhoneCode(ctx, testApp, openID(testOpenID), domain.NewSecret(testCode))
	client.checkFailure(t, err, domain.ErrWeChatTimeout)
	wechat.wantUsed(t, 0)
}

func TestHungFetchIsATimeout(t *testing.T) {
	t.Parallel()
	wechat := startUpstream(t)
	wechat.fetch = func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	client := setup(t, wechat.url, 100*time.Millisecond, neverOpens)
	client.checkFailure(t, client.phone(t), domain.ErrWeChatTimeout)
}

func TestOldTokenServesWhileItIsRenewed(t *testing.T) {
	t.Parallel()
	wechat, clock := startUpstream(t), newTestClock()
	client := setupWith(t, Options{BaseURL: wechat.url, Timeout: time.Minute, Clock: clock.now}, neverOpens)
	phones(t, client, 1)

	fetch := holdFetches(t, wechat)
	clock.advance(108 * time.Minute)
	phones(t, client, 50)
	<-fetch.arrived
	wechat.wantFetches(t, 2)
	close(fetch.release)

	waitForRenewal(t, client)
	phones(t, client, 50)
	wechat.wantFetches(t, 2)
}

func waitForRenewal(t *testing.T, client bundle) {
	t.Helper()
	keeper := client.apps[testApp].tokens
	waitUntil(t, "the renewal ends", func() bool {
		keeper.mu.Lock()
		defer keeper.mu.Unlock()
		return keeper.flight == nil
	})
}

// waitUntil polls what no signal tells.
func waitUntil(t *testing.T, what string, done func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(60 * time.Second); !done(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

func TestClosedClientFetchesNoMore(t *testing.T) {
	t.Parallel()
	wechat := startUpstream(t)
	fetch := holdFetches(t, wechat)
	client := setup(t, wechat.url, time.Minute, neverOpens)
	waiting := make(chan error)
	go func() { waiting <- client.phone(t) }()
	<-fetch.arrived
	client.Close()
	client.Close()
	client.checkFailure(t, <-waiting, domain.ErrUnavailable)
	client.checkFailure(t, client.phone(t), domain.ErrUnavailable)
	wechat.wantFetches(t, 1)
}
