package wechatsandbox_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/menjin-id/menjin/adapters/wechatsandbox"
)

func sign(sessionKey string) string {
	mac := hmac.New(sha256.New, []byte(sessionKey))
	return hex.EncodeToString(mac.Sum(nil))
}

func signed(token, openID, sessionKey string) url.Values {
	return url.Values{
		"access_token": {token}, "openid": {openID}, "signature": {sign(sessionKey)}, "sig_method": {"hmac_sha256"},
	}
}

func (b *bundle) checkSession(t *testing.T, token string, s session) int {
	t.Helper()
	return b.api(t, http.MethodGet, "/wxa/checksession", signed(token, s.OpenID, s.SessionKey), "").Errcode
}

func (b *bundle) resetSession(t *testing.T, token string, s session) reply {
	t.Helper()
	return b.api(t, http.MethodGet, "/wxa/resetusersessionkey", signed(token, s.OpenID, s.SessionKey), "")
}

func TestSessionIsCheckedUntilTheNextLogin(t *testing.T) {
	t.Parallel()
	b := setup(t, wechatsandbox.Options{})
	token, first := b.stable(t, false).AccessToken, b.exchange(t, b.Code(t, "alice"))
	if got := b.checkSession(t, token, first); got != 0 {
		t.Errorf("fresh key: got errcode %d, want 0", got)
	}
	b.clock.Advance(time.Minute)
	second := b.exchange(t, b.Code(t, "alice"))
	if got := b.checkSession(t, token, first); got != 87009 {
		t.Errorf("replaced key: got errcode %d, want 87009", got)
	}
	if got := b.checkSession(t, token, second); got != 0 {
		t.Errorf("key of the new login: got errcode %d, want 0", got)
	}
}

func TestSessionKeyExpires(t *testing.T) {
	t.Parallel()
	b := setup(t, wechatsandbox.Options{SessionKeyTTL: time.Hour})
	s := b.exchange(t, b.Code(t, "alice"))
	b.clock.Advance(time.Hour)
	token := b.stable(t, false).AccessToken
	if got := b.checkSession(t, token, s); got != 87007 {
		t.Errorf("got errcode %d, want 87007", got)
	}
	if got := b.resetSession(t, token, s); got.Errcode != 87007 || got.SessionKey != "" {
		t.Errorf("reset: got %+v, want errcode 87007", got)
	}
}

func TestSessionMistakesGetTheirErrcode(t *testing.T) {
	t.Parallel()
	b := setup(t, twoApps())
	token, s := b.stable(t, false).AccessToken, b.exchange(t, b.Code(t, "alice"))
	key, err := base64.StdEncoding.DecodeString(s.SessionKey)
	if err != nil {
		t.Fatalf("decode session_key: %v", err)
	}
	code, err := b.MintCode(otherApp.AppID, "alice")
	if err != nil {
		t.Fatalf("mint code: %v", err)
	}
	q := url.Values{"appid": {otherApp.AppID}, "secret": {"other"}, "js_code": {code}, "grant_type": {"authorization_code"}}
	foreign := b.get(t, q)
	for _, test := range []struct {
		name, key, value string
		want             int
	}{
		{"no token", "access_token", "", 41001},
		{"no openid", "openid", "", 40097},
		{"no signature", "signature", "", 40097},
		{"no method", "sig_method", "", 87008},
		{"wrong method", "sig_method", "sha1", 87008},
		{"unknown openid", "openid", "offfffffffffffffffffffffffff", 87007},
		{"openid of another app", "openid", foreign.OpenID, 87007},
		{"wrong signature", "signature", sign("guess"), 87009},
		{"signature with the decoded key", "signature", sign(string(key)), 87009},
	} {
		for _, path := range []string{"/wxa/checksession", "/wxa/resetusersessionkey"} {
			query := signed(token, s.OpenID, s.SessionKey)
			query.Set(test.key, test.value)
			if got := b.api(t, http.MethodGet, path, query, ""); got.Errcode != test.want || got.SessionKey != "" {
				t.Errorf("%s at %s: got %+v, want errcode %d", test.name, path, got, test.want)
			}
		}
	}
	if got := b.checkSession(t, token, s); got != 0 {
		t.Errorf("after all refusals: got errcode %d, want 0", got)
	}
}

func TestResetReplacesTheKeyAtOnceAndNotItsExpiry(t *testing.T) {
	t.Parallel()
	b := setup(t, wechatsandbox.Options{SessionKeyTTL: time.Hour})
	token, old := b.stable(t, false).AccessToken, b.exchange(t, b.Code(t, "alice"))
	b.clock.Advance(30 * time.Minute)
	got := b.resetSession(t, token, old)
	if got.Errcode != 0 || got.Errmsg != "ok" || got.OpenID != old.OpenID || got.SessionKey == "" || got.SessionKey == old.SessionKey {
		t.Fatalf("got %+v, want ok and a new key", got)
	}
	fresh := session{OpenID: got.OpenID, SessionKey: got.SessionKey}
	if code := b.checkSession(t, token, old); code != 87009 {
		t.Errorf("old key: got errcode %d, want 87009", code)
	}
	if code := b.checkSession(t, token, fresh); code != 0 {
		t.Errorf("new key: got errcode %d, want 0", code)
	}
	if again := b.resetSession(t, token, fresh); again.Errcode != 45011 {
		t.Errorf("reset again at once: got %+v, want errcode 45011", again)
	}
	b.clock.Advance(time.Minute)
	if again := b.resetSession(t, token, fresh); again.Errcode != 0 {
		t.Errorf("reset after a minute: got %+v, want ok", again)
	}
	b.clock.Advance(29 * time.Minute)
	if code := b.checkSession(t, token, fresh); code != 87007 {
		t.Errorf("at the expiry of the first key: got errcode %d, want 87007", code)
	}
}
