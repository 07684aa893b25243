package wechat

import (
	"encoding/base64"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// loginAnswer is code2Session's.
type loginAnswer struct {
	status

	OpenID     string `json:"openid"`
	UnionID    string `json:"unionid"`
	SessionKey string `json:"session_key"`
}

// decodeLogin believes a success only when errcode is absent or 0 and every field is what it must be. The error is a
// *refusal or a *fault; neither quotes the answer, but for a rid.
func decodeLogin(body []byte) (ports.WeChatLogin, error) {
	var got loginAnswer
	if err := decode(body, &got); err != nil {
		return ports.WeChatLogin{}, err
	}
	openID, err := domain.NewOpenID(got.OpenID)
	if err != nil {
		return ports.WeChatLogin{}, implausible("answer without a sound openid")
	}
	unionID, err := domain.NewUnionID(got.UnionID)
	if err != nil {
		return ports.WeChatLogin{}, implausible("answer with an unsound unionid")
	}
	if !isSessionKey(got.SessionKey) {
		return ports.WeChatLogin{}, implausible("answer without a sound session_key")
	}
	return ports.WeChatLogin{
		OpenID: openID, UnionID: unionID, SessionKey: domain.SessionKey{Secret: domain.NewSecret(got.SessionKey)},
	}, nil
}

// isSessionKey looks at the length first, because the decoder skips line breaks.
func isSessionKey(text string) bool {
	const encodedLength = 24
	if len(text) != encodedLength {
		return false
	}
	var key [encodedLength]byte
	n, err := base64.StdEncoding.Decode(key[:], []byte(text))
	return err == nil && n == 16
}
