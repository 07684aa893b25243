package wechat

import (
	"net/http"
	"strings"
	"testing"

	"github.com/menjin-id/menjin/domain"
)

func TestSessionIsSignedWithTheTextOfTheKey(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ key, message, want string }{
		{"o0q0otL8aEzpcZL/FT9WsQ==", `{"foo":"bar"}`, "654571f79995b2ce1e149e53c0a33dc39c0a74090db514261454e8dbe432aa0b"},
		{"o0q0otL8aEzpcZL/FT9WsQ==", "", "46e043c5525c2d817c44be603d30837a808a1d930d038f6fdc3e62a201fed128"},
		{"tiihtNczf5v6AKRyjwEUhQ==", "", "7154f9f8b4b76b92f541cbf0e37d48840fa06e5e42da92a6f80168a1516a4735"},
	} {
		got := signSession(sessionKey(test.key), test.message)
		if got != test.want {
			t.Errorf("key %s: got signature %s, want %s", test.key, got, test.want)
		}
		if got == "96502defeaf026b55cdc22f97e6c092b0959a2f92c5ec30c571353bb88391bf0" {
			t.Error("signed with the bytes of the key")
		}
	}
}

// sessionCalls are both calls that prove a session_key.
func sessionCalls(client bundle) map[string]func(t *testing.T, app domain.AppID, openID domain.OpenID, key domain.SessionKey) error {
	type key = domain.SessionKey
	return map[string]func(*testing.T, domain.AppID, domain.OpenID, key) error{
		"/wxa/checksession": func(t *testing.T, app domain.AppID, openID domain.OpenID, key key) error {
			return client.CheckSessionKey(t.Context(), app, openID, key)
		},
		"/wxa/resetusersessionkey": func(t *testing.T, app domain.AppID, openID domain.OpenID, key key) error {
			return client.ResetSessionKey(t.Context(), app, openID, key)
		},
	}
}

func TestSessionKeyIsProved(t *testing.T) {
	t.Parallel()
	wechat := startUpstream(t)
	var request *http.Request
	wechat.answer = func(w http.ResponseWriter, r *http.Request) {
		request = r
		respond(`{"errcode":0,"errmsg":"ok","openid":"o","session_key":"k"}`)(w, r)
	}
	client := setup(t, wechat.url, 0, neverOpens)
	for path, call := range sessionCalls(client) {
		if err := call(t, testApp, openID(testOpenID+"&="), sessionKey(testSessionKey)); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if request.Method != http.MethodGet || request.URL.Path != path {
			t.Errorf("got request %s %s, want %s", request.Method, request.URL.Path, path)
		}
		query := request.URL.Query()
		for name, want := range map[string]string{
			"access_token": testToken + "_1", "openid": testOpenID + "&=", "signature": testSignature, "sig_method": "hmac_sha256",
		} {
			if got := query.Get(name); got != want || len(query) != 4 {
				t.Errorf("%s: got %s %q, want %q; query %v", path, name, got, want, query)
			}
		}
	}
}

func TestSessionKeyFaultsAreTranslated(t *testing.T) {
	t.Parallel()
	echo := func(w http.ResponseWriter, r *http.Request) { http.Error(w, r.URL.String(), http.StatusBadGateway) }
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		want   *domain.Error
	}{
		"expired":          {respond(`{"errcode":87007,"errmsg":"session_key is not existd or expired ` + testOpenID + `"}`), domain.ErrSessionKeyStale},
		"replaced":         {respond(`{"errcode":87009,"errmsg":"invalid signature ` + testSignature + `"}`), domain.ErrSessionKeyStale},
		"wrong sig_method": {respond(`{"errcode":87008}`), domain.ErrWeChatFailed},
		"too often":        {respond(`{"errcode":45011}`), domain.ErrWeChatRateLimited},
		"no errcode":       {respond(`{}`), domain.ErrWeChatFailed},
		"request echoed":   {echo, domain.ErrWeChatFailed},
		"hangs up":         {hangUp, domain.ErrWeChatFailed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wechat := startUpstream(t)
			wechat.answer = test.answer
			client := setup(t, wechat.url, 0, neverOpens)
			for path, call := range sessionCalls(client) {
				err := call(t, testApp, openID(testOpenID), sessionKey(testSessionKey))
				client.checkFailure(t, err, test.want)
				if strings.Contains(err.Error(), path) {
					t.Errorf("error shows the address: %v", err)
				}
			}
			wechat.wantUsed(t, 2)
		})
	}
}

func TestUselessSessionKeyIsRefusedWithoutCalling(t *testing.T) {
	t.Parallel()
	client := setup(t, serve(t, func(http.ResponseWriter, *http.Request) { t.Error("WeChat was called") }), 0, neverOpens)
	for _, call := range sessionCalls(client) {
		client.checkFailure(t, call(t, "wxffffffffffffffff", openID(testOpenID), sessionKey(testSessionKey)), domain.ErrInvalidArgument)
		client.checkFailure(t, call(t, testApp, domain.OpenID{}, sessionKey(testSessionKey)), domain.ErrInvalidArgument)
		client.checkFailure(t, call(t, testApp, openID(testOpenID), domain.SessionKey{}), domain.ErrSessionKeyStale)
		client.checkFailure(t, call(t, testApp, openID(testOpenID), sessionKey("short")), domain.ErrSessionKeyStale)
	}
}
