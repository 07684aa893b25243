package portstest

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// WeChatSessionKeysParts are a client of WeChat and a way to session_keys.
type WeChatSessionKeysParts struct {
	Keys ports.WeChatSessionKeys
	App  domain.AppID
	// LogIn lets a person log in and returns the openid and a new session_key. A person is any word.
	LogIn func(t *testing.T, person string) (domain.OpenID, domain.SessionKey)
}

// WeChatSessionKeys is the contract of asking about session_keys. Open returns a client with an upstream that answers as
// WeChat does; how a client meets its failures is for tests of its own.
func WeChatSessionKeys(t *testing.T, open func(t *testing.T) WeChatSessionKeysParts) {
	t.Helper()
	check(t, open, weChatSessionKeyContracts)
}

// eachKeyCall runs do with both methods, each a person of its own.
func (p *WeChatSessionKeysParts) eachKeyCall(t *testing.T, do func(call keyCall, openID domain.OpenID, key domain.SessionKey)) {
	t.Helper()
	for person, call := range map[string]keyCall{"checked": p.Keys.CheckSessionKey, "reset": p.Keys.ResetSessionKey} {
		openID, key := p.LogIn(t, person)
		do(call, openID, key)
	}
}

// keyCall is either method of the port.
type keyCall func(ctx context.Context, app domain.AppID, openID domain.OpenID, key domain.SessionKey) error

func (p *WeChatSessionKeysParts) wantGood(t *testing.T, ctx context.Context, openID domain.OpenID, key domain.SessionKey) {
	t.Helper()
	if err := p.Keys.CheckSessionKey(ctx, p.App, openID, key); err != nil {
		t.Errorf("check: got error %v, want the key to be good", err)
	}
}

func (p *WeChatSessionKeysParts) wantStale(t *testing.T, ctx context.Context, openID domain.OpenID, key domain.SessionKey) {
	t.Helper()
	for _, call := range []keyCall{p.Keys.CheckSessionKey, p.Keys.ResetSessionKey} {
		wantFailure(t, call(ctx, p.App, openID, key), domain.ErrSessionKeyStale, openID.Secret, key.Secret)
	}
}

var weChatSessionKeyContracts = []contract[WeChatSessionKeysParts]{
	{"the key that WeChat has is good until it is reset", func(t *testing.T, ctx context.Context, p WeChatSessionKeysParts) {
		openID, key := p.LogIn(t, "somebody")
		other, otherKey := p.LogIn(t, "somebody else")
		for range 2 {
			p.wantGood(t, ctx, openID, key)
		}
		if err := p.Keys.ResetSessionKey(ctx, p.App, openID, key); err != nil {
			t.Errorf("reset: %v", err)
		}
		p.wantStale(t, ctx, openID, key)
		p.wantGood(t, ctx, other, otherKey)
	}},
	{"a key is stale once a login brought another", func(t *testing.T, ctx context.Context, p WeChatSessionKeysParts) {
		_, old := p.LogIn(t, "somebody")
		openID, key := p.LogIn(t, "somebody")
		p.wantStale(t, ctx, openID, old)
		p.wantGood(t, ctx, openID, key)
	}},
	{"a key that is not the person's is stale and changes nothing", func(t *testing.T, ctx context.Context, p WeChatSessionKeysParts) {
		openID, key := p.LogIn(t, "somebody")
		other, otherKey := p.LogIn(t, "somebody else")
		p.wantStale(t, ctx, openID, otherKey)
		p.wantStale(t, ctx, newIdentity(t).OpenID, key)
		for _, text := range []string{"", "short", "not base64 at all, you see"} {
			p.wantStale(t, ctx, openID, domain.SessionKey{Secret: domain.NewSecret(text)})
		}
		p.wantGood(t, ctx, openID, key)
		p.wantGood(t, ctx, other, otherKey)
	}},
	{"of many who reset one key one wins", func(t *testing.T, ctx context.Context, p WeChatSessionKeysParts) {
		openID, key := p.LogIn(t, "somebody")
		errs := make([]error, 10)
		var resetting sync.WaitGroup
		for i := range errs {
			resetting.Go(func() { errs[i] = p.Keys.ResetSessionKey(ctx, p.App, openID, key) })
		}
		resetting.Wait()
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
				continue
			}
			wantFailure(t, err, domain.ErrSessionKeyStale, openID.Secret, key.Secret)
		}
		if won != 1 {
			t.Errorf("winners: got %d, want 1: %v", won, errors.Join(errs...))
		}
	}},
	{"arguments that could never do are invalid", func(t *testing.T, ctx context.Context, p WeChatSessionKeysParts) {
		p.eachKeyCall(t, func(call keyCall, openID domain.OpenID, key domain.SessionKey) {
			wantViolation(t, call(ctx, "wxffffffffffffffff", openID, key), "app_id", openID.Secret, key.Secret)
			wantViolation(t, call(ctx, p.App, domain.OpenID{}, key), "openid", key.Secret)
			p.wantGood(t, ctx, openID, key)
		})
	}},
	{"a cancelled context tells nothing of the key", func(t *testing.T, ctx context.Context, p WeChatSessionKeysParts) {
		p.eachKeyCall(t, func(call keyCall, openID domain.OpenID, key domain.SessionKey) {
			wantNoVerdict(t, call(cancelled(ctx), p.App, openID, key), domain.ErrSessionKeyStale)
			p.wantGood(t, ctx, openID, key)
		})
	}},
}
