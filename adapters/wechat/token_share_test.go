package wechat

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/menjin-id/menjin/adapters/memory"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// replicas are clients that share their tokens.
func replicas(t *testing.T, count int, opts Options) []bundle {
	t.Helper()
	clients := make([]bundle, count)
	for i := range clients {
		clients[i] = setupWith(t, opts, neverOpens)
	}
	return clients
}

// callAll makes calls at once at each client and wants none to fail.
func callAll(t *testing.T, clients []bundle, calls int) {
	t.Helper()
	var calling sync.WaitGroup
	for _, client := range clients {
		calling.Go(func() { phones(t, client, calls) })
	}
	calling.Wait()
}

func TestReplicasFetchOnce(t *testing.T) {
	t.Parallel()
	wechat := startUpstream(t)
	clients := replicas(t, 3, Options{BaseURL: wechat.url, SharedTokens: memory.NewSharedTokens()})
	callAll(t, clients, 20)
	wechat.wantFetches(t, 1)
	wechat.killToken()
	callAll(t, clients, 20)
	wechat.wantFetches(t, 2)
	wechat.killToken()
	for _, client := range clients {
		phones(t, client, 1)
	}
	wechat.wantFetches(t, 3)
}

func TestReplicasRenewOnce(t *testing.T) {
	t.Parallel()
	wechat, clock := startUpstream(t), &testClock{time: time.Now()} // the shared place has no other clock
	clients := replicas(t, 3, Options{BaseURL: wechat.url, SharedTokens: memory.NewSharedTokens(), Clock: clock.now})
	for renewals := range 3 {
		callAll(t, clients, 20)
		for _, client := range clients {
			waitForRenewal(t, client)
		}
		wechat.wantFetches(t, 1+renewals)
		clock.advance(109 * time.Minute)
	}
}

func TestReplicaWaitsForTheOneThatFetches(t *testing.T) {
	t.Parallel()
	wechat := startUpstream(t)
	fetch := holdFetches(t, wechat)
	clients := replicas(t, 2, Options{BaseURL: wechat.url, Timeout: time.Minute, SharedTokens: memory.NewSharedTokens()})
	results := make(chan error, 2)
	go func() { results <- clients[0].phone(t) }()
	<-fetch.arrived
	go func() { results <- clients[1].phone(t) }()
	waitUntil(t, "the other one waits", func() bool {
		keeper := clients[1].apps[testApp].tokens
		keeper.mu.Lock()
		defer keeper.mu.Unlock()
		return keeper.flight != nil
	})
	wechat.set(func(u *upstream) { u.token = testToken + "_1" })
	close(fetch.release)
	for range 2 {
		if err := <-results; err != nil {
			t.Errorf("got error %v, want none", err)
		}
	}
	wechat.wantFetches(t, 1)
}

// A replica has died with the lock, or takes very long.
func TestReplicaFetchesInTheEndThoughAnotherOneHasTheLock(t *testing.T) {
	t.Parallel()
	wechat, shared := startUpstream(t), memory.NewSharedTokens()
	if _, locked, err := shared.Lock(t.Context(), testApp, time.Hour); !locked || err != nil {
		t.Fatalf("Lock: got %t and %v", locked, err)
	}
	client := setupWith(t, Options{BaseURL: wechat.url, SharedTokens: shared}, neverOpens)
	phones(t, client, 20)
	wechat.wantFetches(t, 1)
	if token, err := shared.Get(t.Context(), testApp); err != nil || token.Value.Reveal() != testToken+"_1" {
		t.Errorf("got shared token %q and %v, want the one fetched", token.Value.Reveal(), err)
	}
}

func TestLockIsGivenBackByAReplicaThatFails(t *testing.T) {
	t.Parallel()
	wechat, shared := startUpstream(t), memory.NewSharedTokens()
	wechat.fetch = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }
	client := setupWith(t, Options{BaseURL: wechat.url, SharedTokens: shared}, neverOpens)
	client.checkFailure(t, client.phone(t), domain.ErrWeChatFailed)
	client.Close() // waits for the fetch to be over
	if _, locked, err := shared.Lock(t.Context(), testApp, time.Minute); !locked || err != nil {
		t.Errorf("Lock: got %t and %v, want it to be free", locked, err)
	}
}

func TestSharedTokenOfNoUseIsNotUsed(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for name, token := range map[string]ports.SharedToken{
		"not a token":     {Value: domain.NewSecret("a b\r\n"), FetchedAt: now, ExpiresAt: now.Add(time.Hour)},
		"about to end":    {Value: domain.NewSecret("other"), FetchedAt: now.Add(-2 * time.Hour), ExpiresAt: now.Add(time.Minute)},
		"too good":        {Value: domain.NewSecret("other"), FetchedAt: now, ExpiresAt: now.Add(100 * time.Hour)},
		"from the future": {Value: domain.NewSecret("other"), FetchedAt: now.Add(time.Hour), ExpiresAt: now.Add(2 * time.Hour)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wechat, shared := startUpstream(t), memory.NewSharedTokens()
			if err := shared.Put(t.Context(), testApp, token); err != nil {
				t.Fatalf("Put: %v", err)
			}
			phones(t, setupWith(t, Options{BaseURL: wechat.url, SharedTokens: shared}, neverOpens), 5)
			wechat.wantFetches(t, 1)
			wechat.wantUsed(t, 5)
		})
	}
}
