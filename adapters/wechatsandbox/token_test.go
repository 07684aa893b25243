package wechatsandbox_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/menjin-id/menjin/adapters/wechatsandbox"
)

// reply is every field that the APIs beyond code2Session answer with.
type reply struct {
	AccessToken string `json:"access_token"`
	ExpiresIn   int64  `json:"expires_in"`
	OpenID      string `json:"openid"`
	SessionKey  string `json:"session_key"`
	Errcode     int    `json:"errcode"`
	Errmsg      string `json:"errmsg"`
	Phone       *struct {
		PhoneNumber     string          `json:"phoneNumber"`
		PurePhoneNumber string          `json:"purePhoneNumber"`
		CountryCode     json.RawMessage `json:"countryCode"`
		Watermark       struct {
			Timestamp int64
			AppID     string
		}
	} `json:"phone_info"`
}

// api calls a WeChat API and expects a well-formed answer.
func (b *bundle) api(t *testing.T, method, path string, query url.Values, body string) reply {
	t.Helper()
	response, text := b.send(t, method, b.URL+path+"?"+query.Encode(), body)
	var got reply
	if err := json.Unmarshal([]byte(text), &got); err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s %s: got %d %q (%v), want 200 with JSON", method, path, response.StatusCode, text, err)
	}
	return got
}

func tokenQuery() url.Values {
	return url.Values{
		"grant_type": {"client_credential"}, "appid": {wechatsandbox.DemoAppID}, "secret": {wechatsandbox.DemoSecret},
	}
}

// token fetches from /cgi-bin/token.
func (b *bundle) token(t *testing.T) reply {
	t.Helper()
	return b.api(t, http.MethodGet, "/cgi-bin/token", tokenQuery(), "")
}

const stableBody = `{"grant_type":"client_credential","appid":"` + wechatsandbox.DemoAppID + `","secret":"` + wechatsandbox.DemoSecret + `"`

// stable fetches from /cgi-bin/stable_token.
func (b *bundle) stable(t *testing.T, force bool) reply {
	t.Helper()
	body := stableBody + "}"
	if force {
		body = stableBody + `,"force_refresh":true}`
	}
	return b.api(t, http.MethodPost, "/cgi-bin/stable_token", nil, body)
}

// use tells what a token is worth: 0, or the errcode it meets.
func (b *bundle) use(t *testing.T, token string) int {
	t.Helper()
	got := b.api(t, http.MethodGet, "/wxa/checksession", url.Values{"access_token": {token}}, "")
	if got.Errcode == 40097 { // past the token, the rest is missing
		return 0
	}
	return got.Errcode
}

func (b *bundle) wantUse(t *testing.T, what, token string, want int) {
	t.Helper()
	if got := b.use(t, token); got != want {
		t.Errorf("%s: got errcode %d, want %d", what, got, want)
	}
}

func TestTokenLivesTwoHours(t *testing.T) {
	t.Parallel()
	b := setup(t, wechatsandbox.Options{})
	got := b.token(t)
	if len(got.AccessToken) < 100 || got.ExpiresIn != 7200 || got.Errcode != 0 {
		t.Fatalf("got %+v, want a long token for 7200 seconds", got)
	}
	b.clock.Advance(2*time.Hour - time.Second)
	b.wantUse(t, "before two hours", got.AccessToken, 0)
	b.clock.Advance(time.Second)
	b.wantUse(t, "after two hours", got.AccessToken, 42001)
}

func TestOldTokenOutlivesTheNextFetchByFiveMinutes(t *testing.T) {
	t.Parallel()
	b := setup(t, wechatsandbox.Options{})
	first, second := b.token(t).AccessToken, b.token(t).AccessToken
	if first == second {
		t.Fatal("second fetch brought the same token")
	}
	b.clock.Advance(5*time.Minute - time.Second)
	b.wantUse(t, "old within five minutes", first, 0)
	b.clock.Advance(time.Second)
	b.wantUse(t, "old after five minutes", first, 40001)
	b.wantUse(t, "new after five minutes", second, 0)
}

func TestTokenMistakesGetTheirErrcode(t *testing.T) {
	t.Parallel()
	b := setup(t, wechatsandbox.Options{})
	for _, test := range []struct {
		key, value string
		want       int
	}{
		{"appid", "", 41002},
		{"secret", "", 41004},
		{"grant_type", "authorization_code", 40002},
		{"grant_type", "", 40002},
		{"appid", "wx00000000000000ff", 40013},
		{"secret", "guess", 40125},
	} {
		query := tokenQuery()
		query.Set(test.key, test.value)
		if got := b.api(t, http.MethodGet, "/cgi-bin/token", query, ""); got.Errcode != test.want || got.AccessToken != "" {
			t.Errorf("%s %q: got %+v, want errcode %d", test.key, test.value, got, test.want)
		}
	}
	if got := b.api(t, http.MethodPost, "/cgi-bin/token", tokenQuery(), ""); got.Errcode != 41002 {
		t.Errorf("POST: got %+v, want errcode 41002", got)
	}
}

func TestTokensAreCheckedInUse(t *testing.T) {
	t.Parallel()
	b := setup(t, wechatsandbox.Options{})
	token := b.token(t).AccessToken
	b.wantUse(t, "missing", "", 41001)
	b.wantUse(t, "no token at all", "guess", 40014)
	b.wantUse(t, "never issued", token[:3]+strings.Repeat("A", len(token)-3), 40001)
	b.wantUse(t, "good", token, 0)
}
