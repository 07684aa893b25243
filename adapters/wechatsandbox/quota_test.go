package wechatsandbox_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/menjin-id/menjin/adapters/wechatsandbox"
)

func (b *bundle) limit(t *testing.T, api string, quota wechatsandbox.Quota) {
	t.Helper()
	if err := b.SetQuota(api, quota); err != nil {
		t.Fatalf("set quota of %s: %v", api, err)
	}
}

func TestQuotasOfMinuteAndDay(t *testing.T) {
	t.Parallel()
	b := setup(t, wechatsandbox.Options{})
	b.limit(t, "/cgi-bin/token", wechatsandbox.Quota{Minute: 2, Day: 4})
	for i, step := range []struct {
		wait time.Duration
		want int
	}{{0, 0}, {0, 0}, {0, 45011}, {time.Minute, 0}, {0, 45009}, {time.Hour, 45009}, {24 * time.Hour, 0}} {
		b.clock.Advance(step.wait)
		if got := b.token(t).Errcode; got != step.want {
			t.Errorf("call %d: got errcode %d, want %d", i+1, got, step.want)
		}
	}
}

func TestQuotaOfLoginsSparesTheCode(t *testing.T) {
	t.Parallel()
	b := setup(t, wechatsandbox.Options{})
	b.limit(t, "/sns/jscode2session", wechatsandbox.Quota{Day: 1})
	b.exchange(t, b.Code(t, "alice"))
	code := b.Code(t, "bob")
	if got := b.exchange(t, code).errcode(); got != 45009 {
		t.Errorf("second login of the day: got errcode %d, want 45009", got)
	}
	b.limit(t, "/sns/jscode2session", wechatsandbox.Quota{})
	if got := b.exchange(t, code).errcode(); got != 0 {
		t.Errorf("without quota: got errcode %d, want a success", got)
	}
}

func TestQuotasAreSetAndListedByHTTP(t *testing.T) {
	t.Parallel()
	b := setup(t, wechatsandbox.Options{})
	var got struct {
		Quotas map[string]wechatsandbox.Quota
	}
	b.order(t, http.MethodPost, "/_sandbox/quotas", `{"api":"force_refresh","day":3}`, &got)
	b.order(t, http.MethodGet, "/_sandbox/quotas", "", &got)
	if got.Quotas["force_refresh"] != (wechatsandbox.Quota{Day: 3}) || got.Quotas["/cgi-bin/token"].Day != 2000 {
		t.Errorf("got %v, want three renewals by force and the rest as documented", got.Quotas)
	}
	for _, bad := range []error{
		b.SetQuota("/nothing", wechatsandbox.Quota{}),
		b.SetQuota("/cgi-bin/token", wechatsandbox.Quota{Day: -1}),
	} {
		if bad == nil {
			t.Error("bad quota: got no error")
		}
	}
}

func TestClearedQuotaBeginsAnewTenTimesAMonth(t *testing.T) {
	t.Parallel()
	b := setup(t, wechatsandbox.Options{})
	b.limit(t, "/cgi-bin/token", wechatsandbox.Quota{Day: 1})
	token := b.token(t).AccessToken
	bySecret := url.Values{"appid": {wechatsandbox.DemoAppID}, "appsecret": {wechatsandbox.DemoSecret}}
	body := `{"appid":"` + wechatsandbox.DemoAppID + `","appsecret":"` + wechatsandbox.DemoSecret + `"}`
	for i := range 10 {
		if got := b.token(t).Errcode; got != 45009 {
			t.Fatalf("before clear %d: got errcode %d, want 45009", i+1, got)
		}
		var got reply
		switch i % 3 {
		case 0:
			got = b.api(t, http.MethodPost, "/cgi-bin/clear_quota/v2", bySecret, "")
		case 1:
			got = b.api(t, http.MethodPost, "/cgi-bin/clear_quota/v2", nil, body)
		case 2:
			got = b.api(t, http.MethodPost, "/cgi-bin/clear_quota", url.Values{"access_token": {token}}, body)
		}
		if got.Errcode != 0 || got.Errmsg != "ok" {
			t.Fatalf("clear %d: got %+v, want ok", i+1, got)
		}
		token = b.token(t).AccessToken
	}
	if got := b.api(t, http.MethodPost, "/cgi-bin/clear_quota/v2", bySecret, "").Errcode; got != 48006 {
		t.Errorf("clear 11: got errcode %d, want 48006", got)
	}
	b.clock.Advance(31 * 24 * time.Hour)
	if got := b.api(t, http.MethodPost, "/cgi-bin/clear_quota/v2", bySecret, "").Errcode; got != 0 {
		t.Errorf("next month: got errcode %d, want 0", got)
	}
}

func TestQuotaIsClearedOnlyByTheAppItself(t *testing.T) {
	t.Parallel()
	b := setup(t, wechatsandbox.Options{})
	token := url.Values{"access_token": {b.token(t).AccessToken}}
	for _, test := range []struct {
		name, method, path string
		query              url.Values
		body               string
		want               int
	}{
		{"other app", "POST", "/cgi-bin/clear_quota", token, `{"appid":"wx00000000000000aa"}`, 40013},
		{"no token", "POST", "/cgi-bin/clear_quota", nil, `{"appid":"` + wechatsandbox.DemoAppID + `"}`, 41001},
		{"wrong secret", "POST", "/cgi-bin/clear_quota/v2", url.Values{"appid": {wechatsandbox.DemoAppID}, "appsecret": {"x"}}, "", 40125},
		{"no secret", "POST", "/cgi-bin/clear_quota/v2", url.Values{"appid": {wechatsandbox.DemoAppID}}, "", 41004},
		{"no app", "POST", "/cgi-bin/clear_quota/v2", nil, "{}", 41002},
		{"form", "POST", "/cgi-bin/clear_quota/v2", nil, "appid=x", 47001},
		{"GET", "GET", "/cgi-bin/clear_quota/v2", nil, "", 43002},
	} {
		if got := b.api(t, test.method, test.path, test.query, test.body).Errcode; got != test.want {
			t.Errorf("%s: got errcode %d, want %d", test.name, got, test.want)
		}
	}
}
