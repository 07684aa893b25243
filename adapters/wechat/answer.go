package wechat

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// answer is code2Session's, good or bad. WeChat sends it as text/plain.
type answer struct {
	Errcode    json.Number `json:"errcode"` // a quoted number is read too
	Errmsg     string      `json:"errmsg"`
	OpenID     string      `json:"openid"`
	UnionID    string      `json:"unionid"`
	SessionKey string      `json:"session_key"`
}

// refusal is WeChat's no.
type refusal struct {
	errcode int64
	rid     string // by which WeChat finds the request again; may be empty
}

func (r *refusal) Error() string {
	text := "errcode " + strconv.FormatInt(r.errcode, 10)
	if r.rid != "" {
		text += ", rid " + r.rid
	}
	return text
}

// decodeAnswer believes a success only when errcode is absent or 0 and every field is what it must be. The error is a
// *refusal or a *fault; neither quotes the answer, but for a rid.
func decodeAnswer(body []byte) (ports.WeChatLogin, error) {
	var got answer
	if err := json.Unmarshal(bytes.TrimPrefix(body, []byte("\ufeff")), &got); err != nil {
		return ports.WeChatLogin{}, implausible("answer is not the JSON it should be")
	}
	if got.Errcode != "" && got.Errcode != "0" {
		errcode, err := got.Errcode.Int64()
		if err != nil {
			return ports.WeChatLogin{}, implausible("errcode is not a whole number")
		}
		if errcode != 0 {
			return ports.WeChatLogin{}, &refusal{errcode: errcode, rid: findRID(got.Errmsg)}
		}
	}
	return got.login()
}

func (a answer) login() (ports.WeChatLogin, error) {
	openID, err := domain.NewOpenID(a.OpenID)
	if err != nil {
		return ports.WeChatLogin{}, implausible("answer without a sound openid")
	}
	unionID, err := domain.NewUnionID(a.UnionID)
	if err != nil {
		return ports.WeChatLogin{}, implausible("answer with an unsound unionid")
	}
	if !isSessionKey(a.SessionKey) {
		return ports.WeChatLogin{}, implausible("answer without a sound session_key")
	}
	return ports.WeChatLogin{
		OpenID: openID, UnionID: unionID, SessionKey: domain.SessionKey{Secret: domain.NewSecret(a.SessionKey)},
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

// maxRID is what "rid: 652d44d0-1d0af18b-5b069232" needs, and less than a login code, a secret or an openid has: an errmsg
// that repeats one of those behind the word is not taken for a rid.
const maxRID = 26

// findRID returns the id in "…, rid: 652d44d0-1d0af18b-5b069232" or in the older "… hints: [ req_id: yhcachqge-trI3PA ]".
// It holds nothing but letters, digits, "-" and "_", whatever the other side sent.
func findRID(errmsg string) string {
	for _, mark := range []string{"rid:", "req_id:"} {
		_, rest, found := strings.Cut(errmsg, mark)
		if !found {
			continue
		}
		rid, _, _ := strings.Cut(strings.TrimLeft(rest, " "), " ")
		rid = strings.TrimRight(rid, ",.]")
		if len(rid) <= maxRID && strings.IndexFunc(rid, notInRID) < 0 {
			return rid
		}
	}
	return ""
}

func notInRID(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_'
}
