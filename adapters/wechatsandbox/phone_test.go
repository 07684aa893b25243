package wechatsandbox_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/menjin-id/menjin/adapters/wechatsandbox"
)

// otherApp is a second mini-program of the sandbox.
var otherApp = wechatsandbox.App{AppID: "wx00000000000000aa", Secret: "other"}

func twoApps() wechatsandbox.Options {
	return wechatsandbox.Options{Apps: []wechatsandbox.App{
		{AppID: wechatsandbox.DemoAppID, Secret: wechatsandbox.DemoSecret}, otherApp,
	}}
}

// phone trades a phone code, with an openid unless empty.
func (b *bundle) phone(t *testing.T, token, code, openID string) reply {
	t.Helper()
	body, err := json.Marshal(map[string]string{"code": code, "openid": openID})
	if err != nil {
		t.Fatalf("encode: %v", err)
	}
	return b.api(t, http.MethodPost, "/wxa/business/getuserphonenumber", url.Values{"access_token": {token}}, string(body))
}

func TestPhoneCodeBringsTheNumberOnce(t *testing.T) {
	t.Parallel()
	b := setup(t, wechatsandbox.Options{})
	code, token := b.PhoneCode(t, "alice"), b.stable(t, false).AccessToken
	if !regexp.MustCompile(`^[0-9a-f]{64}$`).MatchString(code) {
		t.Errorf("code: got %q, want 64 hex digits", code)
	}
	tapped := b.clock.Now().Unix()
	b.clock.Advance(time.Minute)
	got := b.phone(t, token, code, b.OpenID("", "alice"))
	if got.Phone == nil || got.Phone.PhoneNumber != b.PhoneNumber("alice") || got.Phone.PurePhoneNumber != b.PhoneNumber("alice") ||
		string(got.Phone.CountryCode) != `"86"` || got.Errmsg != "ok" {
		t.Fatalf("got %+v, want the number of alice", got)
	}
	if mark := got.Phone.Watermark; mark.AppID != wechatsandbox.DemoAppID || mark.Timestamp != tapped {
		t.Errorf("watermark: got %+v, want the app and the time of the tap", mark)
	}
	if got := b.phone(t, token, code, ""); got.Errcode != 40029 || got.Phone != nil {
		t.Errorf("second use: got %+v, want errcode 40029", got)
	}
	if got := b.Counters(); got.PhoneNumbers != 1 || got.Calls["/wxa/business/getuserphonenumber"] != 2 {
		t.Errorf("counters: got %+v, want 1 number and 2 calls", got)
	}
}

func TestPhoneCodeIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t, twoApps())
	token := b.stable(t, false).AccessToken
	foreign, err := b.MintPhoneCode(otherApp.AppID, "alice", wechatsandbox.Phone{})
	if err != nil {
		t.Fatalf("mint: %v", err)
	}
	late := b.PhoneCode(t, "alice")
	b.clock.Advance(5 * time.Minute)
	foreignLive, err := b.MintPhoneCode(otherApp.AppID, "alice", wechatsandbox.Phone{})
	if err != nil {
		t.Fatalf("mint: %v", err)
	}
	good := b.PhoneCode(t, "alice")
	for _, test := range []struct {
		name, token, code, openID string
		want                      int
	}{
		{"expired", token, late, "", 40029},
		{"expired, of another app", token, foreign, "", 40029},
		{"of another app", token, foreignLive, "", 40013},
		{"login code", token, b.Code(t, "alice"), "", 40029},
		{"empty", token, "", "", 40029},
		{"openid of another person", token, good, b.OpenID("", "bob"), 40029},
		{"no token", "", good, "", 41001},
		{"bad token", "88_x", good, "", 40014},
		{"after all refusals", token, good, b.OpenID("", "alice"), 0},
	} {
		if got := b.phone(t, test.token, test.code, test.openID).Errcode; got != test.want {
			t.Errorf("%s: got errcode %d, want %d", test.name, got, test.want)
		}
	}
	if got := b.exchange(t, b.PhoneCode(t, "alice")).errcode(); got != 40029 {
		t.Errorf("phone code as login code: got errcode %d, want 40029", got)
	}
}

func TestPhoneCodeMustComeAsJSON(t *testing.T) {
	t.Parallel()
	b := setup(t, wechatsandbox.Options{})
	code, query := b.PhoneCode(t, "alice"), url.Values{"access_token": {b.stable(t, false).AccessToken}}
	query.Set("code", code)
	for _, test := range []struct {
		name, method, body string
		want               int
	}{
		{"in the query", http.MethodPost, "", 44002},
		{"as a form", http.MethodPost, "code=" + code, 47001},
		{"by GET", http.MethodGet, "", 43002},
		{"beside the query", http.MethodPost, "{}", 40029},
	} {
		if got := b.api(t, test.method, "/wxa/business/getuserphonenumber", query, test.body).Errcode; got != test.want {
			t.Errorf("%s: got errcode %d, want %d", test.name, got, test.want)
		}
	}
}

func TestPhoneNumbersComeInWeChatsShapes(t *testing.T) {
	t.Parallel()
	b := setup(t, wechatsandbox.Options{})
	token := b.stable(t, false).AccessToken
	for _, test := range []struct{ order, number, pure, country string }{
		{`{"person":"alice","number":"13800138000"}`, "13800138000", "13800138000", `"86"`},
		{`{"number":"13800138000","numeric_country_code":true}`, "13800138000", "13800138000", `86`},
		{`{"number":"51234567","country_code":"852"}`, "85251234567", "51234567", `"852"`},
		{`{"number":"2025550123","country_code":"001","numeric_country_code":true}`, "0012025550123", "2025550123", `1`},
	} {
		var code minted
		b.order(t, http.MethodPost, "/_sandbox/phone_codes", test.order, &code)
		got := b.phone(t, token, code.Code, code.OpenID)
		if got.Phone == nil || got.Phone.PhoneNumber != test.number || got.Phone.PurePhoneNumber != test.pure || string(got.Phone.CountryCode) != test.country {
			t.Errorf("%s: got %+v, want %s, %s, %s", test.order, got.Phone, test.number, test.pure, test.country)
		}
	}
}

func TestWatermarkOfAPhoneNumberMayBeWrong(t *testing.T) {
	t.Parallel()
	b := setup(t, wechatsandbox.Options{})
	token := b.stable(t, false).AccessToken
	b.script(t, wechatsandbox.Fault{Kind: wechatsandbox.FaultWrongWatermark})
	if got := b.phone(t, token, b.PhoneCode(t, "alice"), "").Phone; got == nil || got.Watermark.AppID == wechatsandbox.DemoAppID {
		t.Errorf("got %+v, want a number with the watermark of another app", got)
	}
}

func TestBadPhonesAreRefused(t *testing.T) {
	t.Parallel()
	server := wechatsandbox.New(wechatsandbox.Options{MaxCodes: 1})
	for _, phone := range []wechatsandbox.Phone{
		{Number: "1-800"}, {Number: strings.Repeat("1", 21)}, {CountryCode: "+1"}, {CountryCode: "1}", NumericCountryCode: true},
	} {
		if _, err := server.MintPhoneCode("", "alice", phone); !errors.Is(err, wechatsandbox.ErrBadPhone) {
			t.Errorf("%+v: got %v, want ErrBadPhone", phone, err)
		}
	}
	if _, err := server.MintPhoneCode("wx-none", "a\nb", wechatsandbox.Phone{}); !errors.Is(err, wechatsandbox.ErrUnknownApp) || !errors.Is(err, wechatsandbox.ErrBadPerson) {
		t.Errorf("unknown app and bad person: got %v, want both named", err)
	}
	for _, want := range []error{nil, wechatsandbox.ErrTooManyCodes} {
		if _, err := server.MintPhoneCode("", "alice", wechatsandbox.Phone{}); !errors.Is(err, want) {
			t.Errorf("got %v, want %v", err, want)
		}
	}
	if _, err := server.MintCode("", "alice"); err != nil {
		t.Errorf("login code beside a full house of phone codes: %v", err)
	}
}
