package portstest

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// WeChatPhonesParts are a client of WeChat, a person with a number, and a way to phone codes.
type WeChatPhonesParts struct {
	Phones ports.WeChatPhones
	App    domain.AppID
	OpenID domain.OpenID
	Phone  domain.Phone
	// Code returns a phone code of the person, not used yet.
	Code func(t *testing.T) domain.Secret
	// Foreign returns a phone code of the person for which WeChat tells a number given to another mini-program.
	Foreign func(t *testing.T) domain.Secret
}

// WeChatPhones is the contract of trading phone codes. Open returns a client with an upstream that answers as WeChat does; how
// a client meets its failures is for tests of its own.
func WeChatPhones(t *testing.T, open func(t *testing.T) WeChatPhonesParts) {
	t.Helper()
	check(t, open, weChatPhoneContracts)
}

func (p *WeChatPhonesParts) exchange(ctx context.Context, code domain.Secret) (domain.Phone, error) {
	return p.Phones.ExchangePhoneCode(ctx, p.App, p.OpenID, code)
}

// wantPhone trades a code that is good.
func (p *WeChatPhonesParts) wantPhone(t *testing.T, ctx context.Context, code domain.Secret) {
	t.Helper()
	phone, err := p.exchange(ctx, code)
	if err != nil || !phone.Equal(p.Phone.Secret) {
		t.Errorf("exchange: got number %q, error %v, want %q", phone.Reveal(), err, p.Phone.Reveal())
	}
}

// wantRefused wants the code blamed. WeChat calls phone codes invalid that were used; the word for it is no part of the
// contract.
func (p *WeChatPhonesParts) wantRefused(t *testing.T, phone domain.Phone, err error, code domain.Secret) {
	t.Helper()
	if !phone.IsZero() {
		t.Errorf("got number %q, want none", phone.Reveal())
	}
	want := domain.ErrWeChatCodeInvalid
	if errors.Is(err, domain.ErrWeChatCodeUsed) {
		want = domain.ErrWeChatCodeUsed
	}
	wantFailure(t, err, want, code, p.OpenID.Secret, p.Phone.Secret)
}

var weChatPhoneContracts = []contract[WeChatPhonesParts]{
	{"a code is traded for the person's number", func(t *testing.T, ctx context.Context, p WeChatPhonesParts) {
		for range 2 {
			p.wantPhone(t, ctx, p.Code(t))
		}
	}},
	{"a code is traded once", func(t *testing.T, ctx context.Context, p WeChatPhonesParts) {
		code := p.Code(t)
		p.wantPhone(t, ctx, code)
		phone, err := p.exchange(ctx, code)
		p.wantRefused(t, phone, err, code)
	}},
	{"of many who trade one code one wins", func(t *testing.T, ctx context.Context, p WeChatPhonesParts) {
		code := p.Code(t)
		phones, errs := make([]domain.Phone, 10), make([]error, 10)
		var trading sync.WaitGroup
		for i := range errs {
			trading.Go(func() { phones[i], errs[i] = p.exchange(ctx, code) })
		}
		trading.Wait()
		won := 0
		for i, err := range errs {
			if err == nil {
				won++
				continue
			}
			p.wantRefused(t, phones[i], err, code)
		}
		if won != 1 {
			t.Errorf("winners: got %d, want 1: %v", won, errors.Join(errs...))
		}
	}},
	{"a code WeChat never gave is invalid", func(t *testing.T, ctx context.Context, p WeChatPhonesParts) {
		code := domain.NewSecret("e31MADE-UP-" + randomText())
		_, err := p.exchange(ctx, code)
		wantFailure(t, err, domain.ErrWeChatCodeInvalid, code)
	}},
	{"a code is of no use to another person", func(t *testing.T, ctx context.Context, p WeChatPhonesParts) {
		code := p.Code(t)
		phone, err := p.Phones.ExchangePhoneCode(ctx, p.App, newIdentity(t).OpenID, code)
		p.wantRefused(t, phone, err, code)
	}},
	{"a number that was given to another mini-program is not believed", func(t *testing.T, ctx context.Context, p WeChatPhonesParts) {
		code := p.Foreign(t)
		phone, err := p.exchange(ctx, code)
		if !phone.IsZero() {
			t.Errorf("got number %q, want none", phone.Reveal())
		}
		wantFailure(t, err, domain.ErrWatermarkMismatch, code, p.OpenID.Secret, p.Phone.Secret)
	}},
	{"arguments that could never do are invalid and cost no code", func(t *testing.T, ctx context.Context, p WeChatPhonesParts) {
		code := p.Code(t)
		_, err := p.Phones.ExchangePhoneCode(ctx, "wxffffffffffffffff", p.OpenID, code)
		wantViolation(t, err, "app_id", code, p.OpenID.Secret)
		_, err = p.Phones.ExchangePhoneCode(ctx, p.App, domain.OpenID{}, code)
		wantViolation(t, err, "openid", code)
		for _, empty := range []string{"", " "} {
			_, err = p.exchange(ctx, domain.NewSecret(empty))
			wantViolation(t, err, "code", p.OpenID.Secret)
		}
		p.wantPhone(t, ctx, code)
	}},
	{"a cancelled context tells nothing of the code", func(t *testing.T, ctx context.Context, p WeChatPhonesParts) {
		_, err := p.exchange(cancelled(ctx), p.Code(t))
		wantNoVerdict(t, err, domain.ErrWeChatCodeInvalid, domain.ErrWeChatCodeUsed, domain.ErrWatermarkMismatch)
	}},
}
