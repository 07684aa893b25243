package wechat

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"
)

func TestSuccessIsReadInEveryDress(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"plain":           testSuccess,
		"byte order mark": "\ufeff" + testSuccess,
		"spaces":          "\r\n " + testSuccess + "\n",
		"errcode 0":       `{"errcode":0,"errmsg":"ok",` + testSuccess[1:],
		"errcode quoted":  `{"errcode":"0",` + testSuccess[1:],
		"errcode null":    `{"errcode":null,` + testSuccess[1:],
		"more fields":     `{"is_limit":false,"x":{"y":[1]},` + testSuccess[1:],
		"empty unionid":   `{"unionid":"",` + testSuccess[1:],
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			login, err := decodeLogin([]byte(body))
			if err != nil {
				t.Fatalf("decodeLogin: %v", err)
			}
			if login.OpenID.Reveal() != testOpenID || login.SessionKey.Reveal() != testSessionKey || !login.UnionID.IsZero() {
				t.Errorf("got openid %q, session_key %q, unionid %q",
					login.OpenID.Reveal(), login.SessionKey.Reveal(), login.UnionID.Reveal())
			}
		})
	}
}

func TestQuotedErrcodeIsARefusal(t *testing.T) {
	t.Parallel()
	_, err := decodeLogin([]byte(`{"errcode":"40029",` + testSuccess[1:]))
	var refused *refusal
	if !errors.As(err, &refused) || refused.errcode != 40029 {
		t.Errorf("got error %v, want errcode 40029", err)
	}
}

func TestSessionKeyIsSixteenBytes(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		testSessionKey:                  true,
		"tiihtNczf5v6AKRyjwEUhQ":        false, // no padding
		"tiihtNczf5v6AKRyjwEU\n\nhQ":    false,
		"tiihtNczf5v6AKRyjwEUhQ==\n":    false,
		"tiihtNczf5v6AKRyjwEUhQAA":      false, // 18 bytes
		"tiihtNczf5v6AKRyjwEUhQA=":      false, // 17 bytes
		"tiiht-czf5v6AKRyjwEUhQ==":      false,
		strings.Repeat("A", 30) + "==":  false,
		"":                              false,
		"                        ":      false,
		"tiihtNczf5v6AKRyjwEUhQ==AAAA=": false,
	} {
		if got := isSessionKey(text); got != want {
			t.Errorf("isSessionKey(%q): got %t, want %t", text, got, want)
		}
	}
}

func TestRIDIsFoundAndClean(t *testing.T) {
	t.Parallel()
	for errmsg, want := range map[string]string{
		"invalid code, rid: " + testRID:               testRID,
		"invalid code rid: " + testRID + ", retry":    testRID,
		"code been used, hints: [ req_id: yhc-trI3 ]": "yhc-trI3",
		"[req_id:yhc-trI3]":                           "yhc-trI3",
		"invalid code":                                "",
		"rid:":                                        "",
		"rid: a\nlevel=ERROR":                         "",
		"rid: \u202eabc":                              "",
		"rid: \"x\"":                                  "",
		"rid: " + testSecret:                          "",
		"rid: " + testCode:                            "",
		"rid: " + testOpenID:                          "",
		"rid: " + testSessionKey:                      "",
		"rid: " + strings.Repeat("a", 1<<20):          "",
	} {
		if got := findRID(errmsg); got != want {
			t.Errorf("findRID(%.60q): got %q, want %q", errmsg, got, want)
		}
	}
}

func FuzzDecodeAnswer(f *testing.F) {
	for _, seed := range []string{
		testSuccess, "\ufeff" + testSuccess, `{"errcode":-1,"errmsg":"system error, rid: ` + testRID + `"}`,
		`{"errcode":"40029"}`, `{"errcode":1e400}`, `[[[[`, `null`, `<html>`, `{"openid":"\ud800"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		login, err := decodeLogin(body)
		if err == nil {
			key, err := base64.StdEncoding.DecodeString(login.SessionKey.Reveal())
			if err != nil || len(key) != 16 || login.OpenID.IsZero() {
				t.Errorf("believed %q", body)
			}
			return
		}
		var refused *refusal
		var failed *fault
		switch {
		case !login.OpenID.IsZero() || !login.SessionKey.IsZero():
			t.Errorf("got a login and error %v", err)
		case errors.As(err, &refused) && (refused.errcode == 0 || len(refused.rid) > maxRID || strings.ContainsFunc(refused.rid, notInRID)):
			t.Errorf("got %#v", refused)
		case !errors.As(err, &refused) && !errors.As(err, &failed):
			t.Errorf("got error %#v", err)
		}
	})
}
