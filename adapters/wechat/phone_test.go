package wechat

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/menjin-id/menjin/domain"
)

func TestPhoneCodeIsTradedForTheNumber(t *testing.T) {
	t.Parallel()
	wechat := startUpstream(t)
	var request *http.Request
	var body []byte
	wechat.answer = func(w http.ResponseWriter, r *http.Request) {
		request = r
		body, _ = io.ReadAll(r.Body)
		respond(testPhone)(w, r)
	}
	client := setup(t, wechat.url, 0, neverOpens)
	const odd = `a"b\c<é&`
	if _, err := client.ExchangePhoneCode(t.Context(), testApp, openID(testOpenID), domain.NewSecret(odd)); err != nil {
		t.Fatalf("ExchangePhoneCode: %v", err)
	}
	if request.Method != http.MethodPost || request.URL.Path != "/wxa/business/getuserphonenumber" ||
		request.URL.RawQuery != "access_token="+testToken+"_1" || request.Header.Get("Content-Type") != "application/json" {
		t.Errorf("got request %s %s, header %v", request.Method, request.URL, request.Header)
	}
	var got map[string]string
	if err := json.Unmarshal(body, &got); err != nil || len(got) != 2 || got["code"] != odd || got["openid"] != testOpenID {
		t.Errorf("got body %q (%v)", body, err)
	}
}

func TestUselessPhoneCodeIsRefusedWithoutCalling(t *testing.T) {
	t.Parallel()
	client := setup(t, serve(t, func(http.ResponseWriter, *http.Request) { t.Error("WeChat was called") }), 0, neverOpens)
	for name, test := range map[string]struct {
		app                 domain.AppID
		openID, code, field string
	}{
		"empty code":  {testApp, testOpenID, "", "code"},
		"control":     {testApp, testOpenID, "\n", "code"},
		"overlong":    {testApp, testOpenID, strings.Repeat("x", 257), "code"},
		"no openid":   {testApp, "", testCode, "openid"},
		"odd openid":  {testApp, "a b", testCode, "openid"},
		"unknown app": {"wxffffffffffffffff", testOpenID, testCode, "app_id"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := client.ExchangePhoneCode(t.Context(), test.app, openID(test.openID), domain.NewSecret(test.code))
			client.checkFailure(t, err, domain.ErrInvalidArgument)
			var failure *domain.Error
			if !errors.As(err, &failure) || len(failure.Violations) != 1 || failure.Violations[0].Field != test.field {
				t.Errorf("got %+v, want one violation of %s", failure, test.field)
			}
		})
	}
}

func TestPhoneFaultsAreTranslated(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		body   string
		want   *domain.Error
		alert  bool
		paused bool
	}{
		"code invalid":       {`{"errcode":40029,"errmsg":"invalid code hint: [` + testCode + `]"}`, domain.ErrWeChatCodeInvalid, false, false},
		"code used":          {`{"errcode":40163}`, domain.ErrWeChatCodeUsed, false, false},
		"code of other app":  {`{"errcode":40013}`, domain.ErrWeChatCodeInvalid, true, false},
		"minute limit":       {`{"errcode":45011}`, domain.ErrWeChatRateLimited, false, false},
		"not allowed":        {`{"errcode":48001}`, domain.ErrWeChatFailed, true, true},
		"foreign openid":     {`{"errcode":40003}`, domain.ErrWeChatFailed, true, false},
		"unknown errcode":    {`{"errcode":99999}`, domain.ErrWeChatFailed, true, false},
		"other app's number": {strings.ReplaceAll(testPhone, string(testApp), "wxffffffffffffffff"), domain.ErrWatermarkMismatch, false, false},
		"no watermark":       {`{"errcode":0,"phone_info":{"purePhoneNumber":"` + testNumber + `","countryCode":"86"}}`, domain.ErrWeChatFailed, false, true},
		"odd number":         {strings.ReplaceAll(testPhone, testNumber, "0"), domain.ErrWeChatFailed, false, false},
		"empty object":       {`{}`, domain.ErrWeChatFailed, false, true},
		"page":               {`<html>`, domain.ErrWeChatFailed, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wechat := startUpstream(t)
			wechat.answer = respond(test.body)
			client := setup(t, wechat.url, 0, breakerPolicy{failures: 2, pause: time.Minute})
			for range 2 {
				client.checkFailure(t, client.phone(t), test.want)
			}
			wechat.wantUsed(t, 2)
			log := client.logs.String()
			if got := strings.Contains(log, `"errcode"`); got != test.alert {
				t.Errorf("got the operator told %t, want %t; log %s", got, test.alert, log)
			}
			if got := strings.Contains(log, "paused"); got != test.paused {
				t.Errorf("got breaker open %t, want %t; log %s", got, test.paused, log)
			}
		})
	}
}

// The connection is kept from the fetch, which is where net/http might send again.
func TestPhoneCodeIsSentOnceWhateverBreaks(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		want   *domain.Error
	}{
		"hangs up": {hangUp, domain.ErrWeChatFailed},
		"hangs":    {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, domain.ErrWeChatTimeout},
		"HTTP 502": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }, domain.ErrWeChatFailed},
		"cut answer": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "500")
			respond(testPhone)(w, r)
		}, domain.ErrWeChatFailed},
		"redirects": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere?"+r.URL.RawQuery, http.StatusTemporaryRedirect)
		}, domain.ErrWeChatFailed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wechat := startUpstream(t)
			wechat.answer = test.answer
			timeout := time.Minute
			if test.want == domain.ErrWeChatTimeout {
				timeout = 2 * time.Second // enough for the token, and to ask
			}
			client := setup(t, wechat.url, timeout, neverOpens)
			client.checkFailure(t, client.phone(t), test.want)
			wechat.wantUsed(t, 1)
		})
	}
}

func FuzzDecodePhone(f *testing.F) {
	for _, seed := range []string{
		testPhone, `{"phone_info":{"purePhoneNumber":1e400,"countryCode":"+"}}`, `{"errcode":40029}`, `null`,
		`{"phone_info":{"purePhoneNumber":"0","countryCode":"00","watermark":{"appid":"` + string(testApp) + `"}}}`,
		`{"phone_info":{"purePhoneNumber":"800","countryCode":"979","watermark":{"appid":"` + string(testApp) + `"}}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		phone, err := decodePhone(body, testApp)
		var refused *refusal
		var failed *fault
		if err != nil && !errors.As(err, &refused) && !errors.As(err, &failed) {
			t.Errorf("got error %#v", err)
		}
		if _, invalid := domain.NewPhone(phone.Reveal()); (err == nil) != (invalid == nil) {
			t.Errorf("got number %q and error %v", phone.Reveal(), err)
		}
	})
}
