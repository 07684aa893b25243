package wechatsandbox_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/menjin-id/menjin/adapters/wechatsandbox"
)

func FuzzAPI(f *testing.F) {
	f.Add(true, "/cgi-bin/stable_token", "", stableBody+"}")
	f.Add(false, "/cgi-bin/token", tokenQuery().Encode(), "")
	f.Add(true, "/cgi-bin/clear_quota/v2", "appid=wx0&appsecret=x", "[]")
	f.Add(true, "/wxa/business/getuserphonenumber", "access_token=TOKEN", `{"code":"x"}`)
	f.Add(true, "/wxa/business/checkencryptedmsg", "access_token=TOKEN", `{"encrypted_msg_hash":"00"}`)
	f.Add(false, "/wxa/resetusersessionkey", "access_token=TOKEN&openid=x&signature=y&sig_method=hmac_sha256", "")
	f.Fuzz(func(t *testing.T, post bool, path, query, body string) {
		server := wechatsandbox.New(wechatsandbox.Options{})
		w := httptest.NewRecorder()
		server.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/cgi-bin/stable_token", strings.NewReader(stableBody+"}")))
		var token reply
		if err := json.Unmarshal(w.Body.Bytes(), &token); err != nil {
			t.Fatalf("fetch token: %v", err)
		}
		request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", strings.NewReader(body))
		if post {
			request.Method = http.MethodPost
		}
		if !strings.HasPrefix(path, "/cgi-bin/") && !strings.HasPrefix(path, "/wxa/") {
			path = "/wxa/" + path
		}
		request.URL = &url.URL{Path: path, RawQuery: strings.Replace(query, "TOKEN", token.AccessToken, 1)}
		w = httptest.NewRecorder()
		server.ServeHTTP(w, request)
		if w.Code != http.StatusOK || !json.Valid(w.Body.Bytes()) {
			t.Errorf("got %d %q, want 200 with JSON", w.Code, w.Body)
		}
	})
}
