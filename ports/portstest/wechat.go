package portstest

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// WeChatParts are a client of WeChat and a way to login codes.
type WeChatParts struct {
	WeChat ports.WeChat
	App    domain.AppID
	// Code returns a login code not used yet, each time of the same person.
	Code func(t *testing.T) domain.Secret
}

// WeChat is the contract of trading login codes. Open returns a client with an upstream that answers as WeChat does; how a
// client meets its failures is for tests of its own.
func WeChat(t *testing.T, open func(t *testing.T) WeChatParts) {
	t.Helper()
	check(t, open, weChatContracts)
}

var weChatContracts = []contract[WeChatParts]{
	{"a code is traded for the person's identity", func(t *testing.T, ctx context.Context, p WeChatParts) {
		first, err := p.WeChat.ExchangeCode(ctx, p.App, p.Code(t))
		if err != nil || first.OpenID.IsZero() || first.SessionKey.IsZero() {
			t.Fatalf("exchange: got openid %t, session key %t, error %v, want both", !first.OpenID.IsZero(), !first.SessionKey.IsZero(), err)
		}
		second, err := p.WeChat.ExchangeCode(ctx, p.App, p.Code(t))
		if err != nil || !second.OpenID.Equal(first.OpenID.Secret) || !second.UnionID.Equal(first.UnionID.Secret) {
			t.Errorf("exchange another code of the same person: error %v, want the same openid and unionid", err)
		}
	}},
	{"a code is traded once", func(t *testing.T, ctx context.Context, p WeChatParts) {
		code := p.Code(t)
		if _, err := p.WeChat.ExchangeCode(ctx, p.App, code); err != nil {
			t.Fatalf("exchange: %v", err)
		}
		_, err := p.WeChat.ExchangeCode(ctx, p.App, code)
		wantFailure(t, err, domain.ErrWeChatCodeUsed, code)
	}},
	{"of many who trade one code one wins", func(t *testing.T, ctx context.Context, p WeChatParts) {
		code := p.Code(t)
		errs := make([]error, 10)
		var trading sync.WaitGroup
		for i := range errs {
			trading.Go(func() { _, errs[i] = p.WeChat.ExchangeCode(ctx, p.App, code) })
		}
		trading.Wait()
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
			}
		}
		if won != 1 {
			t.Errorf("winners: got %d, want 1: %v", won, errors.Join(errs...))
		}
	}},
	{"a code WeChat never gave is invalid", func(t *testing.T, ctx context.Context, p WeChatParts) {
		code := domain.NewSecret("0c1MADE-UP-" + randomText())
		_, err := p.WeChat.ExchangeCode(ctx, p.App, code)
		wantFailure(t, err, domain.ErrWeChatCodeInvalid, code)
	}},
	{"a mini-program that is not configured is an invalid argument", func(t *testing.T, ctx context.Context, p WeChatParts) {
		code := p.Code(t)
		_, err := p.WeChat.ExchangeCode(ctx, "wxffffffffffffffff", code)
		wantViolation(t, err, "app_id", code)
		if _, err := p.WeChat.ExchangeCode(ctx, p.App, code); err != nil {
			t.Errorf("exchange in the right mini-program afterwards: %v", err)
		}
	}},
	{"a cancelled context tells nothing of the code", func(t *testing.T, ctx context.Context, p WeChatParts) {
		_, err := p.WeChat.ExchangeCode(cancelled(ctx), p.App, p.Code(t))
		wantNoVerdict(t, err, domain.ErrWeChatCodeInvalid, domain.ErrWeChatCodeUsed)
	}},
}

// wantFailure checks for a failure that gives none of the secrets away.
func wantFailure(t *testing.T, err error, want *domain.Error, secrets ...domain.Secret) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("got error %v, want %v", err, want)
	}
	for _, secret := range secrets {
		if err != nil && !secret.IsZero() && strings.Contains(err.Error(), secret.Reveal()) {
			t.Errorf("the error holds a secret: %v", err)
		}
	}
}

// wantViolation checks for a failure that blames this field alone.
func wantViolation(t *testing.T, err error, field string, secrets ...domain.Secret) {
	t.Helper()
	wantFailure(t, err, domain.ErrInvalidArgument, secrets...)
	if invalid, ok := errors.AsType[*domain.Error](err); !ok || len(invalid.Violations) != 1 || invalid.Violations[0].Field != field {
		t.Errorf("got error %v, want a violation of %s", err, field)
	}
}

// wantNoVerdict checks for a failure that says nothing of what was asked about.
func wantNoVerdict(t *testing.T, err error, verdicts ...*domain.Error) {
	t.Helper()
	if err == nil {
		t.Error("got no error")
	}
	for _, verdict := range verdicts {
		if errors.Is(err, verdict) {
			t.Errorf("got error %v, want one that is not %s", err, verdict.Reason)
		}
	}
}
