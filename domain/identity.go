package domain

import (
	"strings"
	"time"
)

// AppID names a mini-program, e.g. "wx0123456789abcdef".
type AppID string

// OpenID is a person's id within one mini-program. It identifies a person and therefore does not print.
type OpenID struct{ Secret }

// UnionID is a person's id across the mini-programs of one Open Platform account; it does not print either.
type UnionID struct{ Secret }

// SessionKey is the key WeChat shares with the mini-program's server, 16 bytes in base64, kept as received because
// WeChat signs with the text and not with the bytes.
type SessionKey struct{ Secret }

const maxWeChatIDLength = 128

// NewOpenID refuses an empty, overlong or non-printable id.
func NewOpenID(text string) (OpenID, error) {
	if !plausibleWeChatID(text) {
		return OpenID{}, Invalid(Violation{Field: "openid", Rule: "format", Text: "is not a WeChat openid"})
	}
	return OpenID{NewSecret(text)}, nil
}

// NewUnionID accepts the empty text for "none" and refuses an overlong or non-printable one.
func NewUnionID(text string) (UnionID, error) {
	if text != "" && !plausibleWeChatID(text) {
		return UnionID{}, Invalid(Violation{Field: "unionid", Rule: "format", Text: "is not a WeChat unionid"})
	}
	return UnionID{NewSecret(text)}, nil
}

func plausibleWeChatID(text string) bool {
	return text != "" && len(text) <= maxWeChatIDLength &&
		strings.IndexFunc(text, func(r rune) bool { return r <= ' ' || r >= 0x7f }) < 0
}

// WeChatIdentity is one way a person is recognised: an openid within a mini-program, and the unionid where WeChat gives it.
type WeChatIdentity struct {
	AppID    AppID
	OpenID   OpenID
	UnionID  UnionID // zero until WeChat gives one
	LinkedAt time.Time
}
