package ports

import (
	"context"

	"github.com/menjin-id/menjin/domain"
)

// WeChat trades login codes. Needed by sign-in.
type WeChat interface {
	// ExchangeCode trades the code of wx.login for the person's identity, once: a code whose fate is unknown is never sent
	// again. Failures are domain.ErrWeChatCodeInvalid, ErrWeChatCodeUsed, ErrWeChatUserBlocked, ErrWeChatRateLimited,
	// ErrWeChatFailed (also for a fault in the configuration, which the operator reads in the log), ErrWeChatTimeout and
	// ErrUnavailable; domain.ErrInvalidArgument with field "app_id" for a mini-program that is not configured. None of them
	// holds the code, the app secret or an address with either.
	ExchangeCode(ctx context.Context, app domain.AppID, code domain.Secret) (WeChatLogin, error)
}

// WeChatLogin is what WeChat says of the person behind a login code.
type WeChatLogin struct {
	OpenID     domain.OpenID
	UnionID    domain.UnionID // zero unless the mini-program is bound to an Open Platform account
	SessionKey domain.SessionKey
}
