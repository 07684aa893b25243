package wechat

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/menjin-id/menjin/adapters/memory"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// brokenShare fails in the ways it is told to; else it is a memory.SharedTokens.
type brokenShare struct {
	*memory.SharedTokens

	get, put, lock error
	hang           bool
}

func (s *brokenShare) Get(ctx context.Context, app domain.AppID) (ports.SharedToken, error) {
	if s.hang {
		<-ctx.Done()
		return ports.SharedToken{}, ctx.Err()
	}
	if s.get != nil {
		return ports.SharedToken{}, s.get
	}
	return s.SharedTokens.Get(ctx, app)
}

func (s *brokenShare) Put(ctx context.Context, app domain.AppID, token ports.SharedToken) error {
	if s.put != nil {
		return s.put
	}
	return s.SharedTokens.Put(ctx, app, token)
}

func (s *brokenShare) Lock(ctx context.Context, app domain.AppID, most time.Duration) (func(), bool, error) {
	if s.lock != nil {
		return nil, false, s.lock
	}
	return s.SharedTokens.Lock(ctx, app, most)
}

func TestLostSharedPlaceCostsAFetchPerReplica(t *testing.T) {
	t.Parallel()
	lost := errors.New("connection refused")
	for name, broken := range map[string]*brokenShare{
		"get": {get: lost}, "lock": {lock: lost}, "all": {get: lost, lock: lost, put: lost}, "hang": {hang: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			broken.SharedTokens = memory.NewSharedTokens()
			wechat := startUpstream(t)
			clients := replicas(t, 3, Options{BaseURL: wechat.url, SharedTokens: broken})
			callAll(t, clients, 20)
			callAll(t, clients, 20)
			wechat.wantFetches(t, 3)
			for _, client := range clients {
				client.checkDiscreet(t, nil)
				if got := client.logs.String(); !strings.Contains(got, "not shared") {
					t.Errorf("got log %q, want the operator to be told", got)
				}
			}
			wechat.killToken()
			callAll(t, clients, 20)
			wechat.wantFetches(t, 6)
		})
	}
}

func TestLostSharedPlaceMakesNoStormOfFailingFetches(t *testing.T) {
	t.Parallel()
	wechat, clock := startUpstream(t), newTestClock()
	wechat.fetch = respond(`{"errcode":40164}`)
	broken := &brokenShare{SharedTokens: memory.NewSharedTokens(), get: errors.New("connection refused")}
	clients := replicas(t, 3, Options{BaseURL: wechat.url, SharedTokens: broken, Clock: clock.now})
	for range 5 {
		for _, client := range clients {
			client.checkFailure(t, client.phone(t), domain.ErrWeChatFailed)
		}
	}
	wechat.wantFetches(t, 3)
}

func TestTokenThatCannotBeSharedServesItsReplica(t *testing.T) {
	t.Parallel()
	wechat := startUpstream(t)
	client := setupWith(t, Options{
		BaseURL: wechat.url, SharedTokens: &brokenShare{SharedTokens: memory.NewSharedTokens(), put: errors.New("read only")},
	}, neverOpens)
	phones(t, client, 10)
	wechat.wantFetches(t, 1)
}
