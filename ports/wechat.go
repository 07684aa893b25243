package ports

import (
	"context"
	"time"

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

// WeChatPhones trades the codes of phone buttons. Needed by whoever binds a telephone number.
type WeChatPhones interface {
	// ExchangePhoneCode trades the code of a getPhoneNumber button, which must belong to the openid, for the person's number,
	// once: each exchange is paid for, so a code whose fate is unknown is never sent again. Failures are those of
	// WeChat.ExchangeCode, where a used code may be domain.ErrWeChatCodeInvalid too; domain.ErrInvalidArgument with field "code"
	// or "openid" where one is missing; domain.ErrWatermarkMismatch for a number that was given to another mini-program.
	ExchangePhoneCode(ctx context.Context, app domain.AppID, openID domain.OpenID, code domain.Secret) (domain.Phone, error)
}

// WeChatSessionKeys asks WeChat about session_keys. Needed where data encrypted with one cannot be opened, and where one is to
// be of no more use. Without an openid it is domain.ErrInvalidArgument with field "openid".
type WeChatSessionKeys interface {
	// CheckSessionKey returns nil when the key is the one that WeChat has, and domain.ErrSessionKeyStale when it is not.
	CheckSessionKey(ctx context.Context, app domain.AppID, openID domain.OpenID, key domain.SessionKey) error
	// ResetSessionKey makes the key useless at once; it is domain.ErrSessionKeyStale when it was so before.
	ResetSessionKey(ctx context.Context, app domain.AppID, openID domain.OpenID, key domain.SessionKey) error
}

// WeChatData reads what a mini-program got of WeChat for its server to open. It does so without asking WeChat. Needed by
// whoever takes telephone numbers and profiles in the encrypted form.
//
// Whatever cannot be opened is domain.ErrDecryptionFailed, in one time and with one text; what was opened and is too old, or
// of another mini-program, domain.ErrWatermarkMismatch.
type WeChatData interface {
	OpenPhone(app domain.AppID, key domain.SessionKey, data EncryptedData, now time.Time) (domain.Phone, error)
	// OpenProfile is domain.ErrWatermarkMismatch also for the profile of another openid.
	OpenProfile(app domain.AppID, openID domain.OpenID, key domain.SessionKey, data EncryptedData, now time.Time) (WeChatProfile, error)
	// CheckSignature is domain.ErrSignatureMismatch unless the signature is that of the text under the key.
	CheckSignature(key domain.SessionKey, rawData, signature string) error
}

// EncryptedData is what wx.getUserInfo or an old phone button gives, both in base64.
type EncryptedData struct {
	Data domain.Secret
	IV   string
}

// WeChatProfile is what WeChat tells of a person. A field is zero where WeChat tells nothing, or nothing that is acceptable.
type WeChatProfile struct {
	Nickname  domain.Nickname
	AvatarURL domain.AvatarURL
	UnionID   domain.UnionID
}

// SharedToken is an access_token of WeChat's as replicas share it.
type SharedToken struct {
	Value     domain.Secret // zero: there is none
	FetchedAt time.Time
	ExpiresAt time.Time
}

// SharedTokens is where replicas share WeChat's access_tokens, so that one of them fetches for all. What is lost or cannot be
// reached costs a fetch and nothing more.
type SharedTokens interface {
	// Get returns the token kept for a mini-program; the zero value when there is none.
	Get(ctx context.Context, app domain.AppID) (SharedToken, error)
	// Put keeps a token until it expires, in place of one that was fetched before it.
	Put(ctx context.Context, app domain.AppID, token SharedToken) error
	// Drop forgets the token if it is still this one.
	Drop(ctx context.Context, app domain.AppID, value domain.Secret) error
	// Lock lets one replica fetch at a time. It returns false when another one is at it; the lock goes by itself after a while.
	Lock(ctx context.Context, app domain.AppID, most time.Duration) (unlock func(), locked bool, err error)
}
