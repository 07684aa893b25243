package wechat

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

func TestTokenIsAskedForInNormalMode(t *testing.T) {
	t.Parallel()
	wechat := startUpstream(t)
	var request *http.Request
	var body []byte
	wechat.fetch = func(w http.ResponseWriter, r *http.Request) {
		request = r
		body, _ = io.ReadAll(r.Body)
		respond(`{"access_token":"`+testToken+`_1","expires_in":7200}`)(w, r)
	}
	client := setup(t, wechat.url, 0, neverOpens)
	if err := client.phone(t); err != nil {
		t.Fatalf("ExchangePhoneCode: %v", err)
	}
	if request.Method != http.MethodPost || request.URL.String() != "/cgi-bin/stable_token" || request.Header.Get("Idempotency-Key") != "" {
		t.Errorf("got request %s %s, header %v", request.Method, request.URL, request.Header)
	}
	var got map[string]any
	if err := json.Unmarshal(body, &got); err != nil {
		t.Fatalf("body %q: %v", body, err)
	}
	for name, want := range map[string]any{
		"grant_type": "client_credential", "appid": string(testApp), "secret": testSecret, "force_refresh": false,
	} {
		if got[name] != want || len(got) != 4 {
			t.Errorf("got %s %v, want %v; body %v", name, got[name], want, got)
		}
	}
}

func TestTokenLifeIsBelievedWithinReason(t *testing.T) {
	t.Parallel()
	for expiresIn, want := range map[string]time.Duration{
		"7200": 2 * time.Hour, "345": 345 * time.Second, `"7200"`: 2 * time.Hour, "7200.0": 2 * time.Hour,
		"0": time.Minute, "-1": time.Minute, "5": time.Minute, "": time.Minute, "null": time.Minute, `"soon"`: time.Minute,
		"{}": time.Minute, "[7200]": time.Minute, "true": time.Minute, "NaN": time.Minute, "-1e400": time.Minute,
		"7201": 2 * time.Hour, "1e18": 2 * time.Hour, "99999999999999999999999": 2 * time.Hour,
	} {
		if got := tokenLife(expiresIn); got != want {
			t.Errorf("tokenLife(%s): got %v, want %v", expiresIn, got, want)
		}
	}
}

func TestTokenIsRenewedEarly(t *testing.T) {
	t.Parallel()
	start := newTestClock().now()
	for life, want := range map[time.Duration]time.Duration{
		2 * time.Hour:    108 * time.Minute,
		time.Hour:        54 * time.Minute,
		20 * time.Minute: 15 * time.Minute,
		5 * time.Minute:  150 * time.Second,
		time.Minute:      30 * time.Second,
	} {
		got := staleAt(ports.SharedToken{FetchedAt: start, ExpiresAt: start.Add(life)}).Sub(start)
		if got != want {
			t.Errorf("token of %v: got stale after %v, want %v", life, got, want)
		}
	}
}

func TestFetchFaultsAreTranslated(t *testing.T) {
	t.Parallel()
	const busy = `{"errcode":-1,"errmsg":"system error"}`
	for name, test := range map[string]struct {
		body    string
		want    *domain.Error
		logged  bool
		fetches int
	}{
		"wrong secret":       {`{"errcode":40001,"errmsg":"invalid credential ` + testSecret + `"}`, domain.ErrWeChatFailed, true, 1},
		"wrong app id":       {`{"errcode":40013}`, domain.ErrWeChatFailed, true, 1},
		"invalid secret":     {`{"errcode":40125}`, domain.ErrWeChatFailed, true, 1},
		"not whitelisted":    {`{"errcode":40164}`, domain.ErrWeChatFailed, true, 1},
		"secret frozen":      {`{"errcode":40243}`, domain.ErrWeChatFailed, true, 1},
		"waits for consent":  {`{"errcode":89503}`, domain.ErrWeChatFailed, true, 1},
		"minute limit":       {`{"errcode":45011}`, domain.ErrWeChatRateLimited, false, 1},
		"daily quota":        {`{"errcode":45009}`, domain.ErrWeChatRateLimited, true, 1},
		"busy":               {busy, domain.ErrUnavailable, false, 2},
		"no token":           {`{"expires_in":7200}`, domain.ErrWeChatFailed, false, 1},
		"empty token":        {`{"access_token":"","expires_in":7200}`, domain.ErrWeChatFailed, false, 1},
		"token with a break": {`{"access_token":"a\r\nb","expires_in":7200}`, domain.ErrWeChatFailed, false, 1},
		"endless token":      {`{"access_token":"` + strings.Repeat("a", 3000) + `","expires_in":7200}`, domain.ErrWeChatFailed, false, 1},
		"page":               {`<html>`, domain.ErrWeChatFailed, false, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wechat := startUpstream(t)
			wechat.fetch = respond(test.body)
			client := setup(t, wechat.url, 0, neverOpens)
			client.checkFailure(t, client.phone(t), test.want)
			wechat.wantFetches(t, test.fetches)
			wechat.wantUsed(t, 0)
			if got := strings.Contains(client.logs.String(), `"api":"getStableAccessToken"`); got != test.logged {
				t.Errorf("got the operator told %t, want %t; log %s", got, test.logged, client.logs)
			}
		})
	}
}

func TestFetchSurvivesBrokenKeptConnection(t *testing.T) {
	t.Parallel()
	wechat := startUpstream(t)
	client := setup(t, wechat.url, 0, neverOpens)
	if err := client.phone(t); err != nil {
		t.Fatalf("ExchangePhoneCode: %v", err)
	}
	wechat.killToken()
	wechat.fetch = func(w http.ResponseWriter, r *http.Request) {
		wechat.set(func(u *upstream) { u.fetch = nil })
		hangUp(w, r)
	}
	if err := client.phone(t); err != nil {
		t.Errorf("got error %v, want none", err)
	}
	wechat.wantFetches(t, 3)
}

func FuzzDecodeToken(f *testing.F) {
	for _, seed := range []string{
		`{"access_token":"` + testToken + `","expires_in":7200}`, `{"access_token":"a","expires_in":"-1e9"}`, `{"errcode":40001}`,
		`{"access_token":"\u0000"}`, `{"access_token":"a","expires_in":{"a":[]}}`, `null`, `<html>`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		value, life, err := decodeToken(body)
		var refused *refusal
		var failed *fault
		switch {
		case err == nil && (!isToken(value.Reveal()) || life < minTokenLife || life > maxTokenLife):
			t.Errorf("got a token of %v from %q", life, body)
		case err != nil && (!value.IsZero() || (!errors.As(err, &refused) && !errors.As(err, &failed))):
			t.Errorf("got %s and error %#v", fmt.Sprint(value), err)
		}
	})
}
