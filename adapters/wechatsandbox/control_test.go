package wechatsandbox_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/menjin-id/menjin/adapters/wechatsandbox"
)

func (b *bundle) order(t *testing.T, method, path, body string, into any) int {
	t.Helper()
	response, text := b.send(t, method, b.URL+path, body)
	if err := json.Unmarshal([]byte(text), into); err != nil {
		t.Fatalf("%s %s: answer %q: %v", method, path, text, err)
	}
	return response.StatusCode
}

type minted struct {
	Code      string `json:"code"`
	ExpiresIn int    `json:"expires_in"`
	AppID     string `json:"app_id"`
	Person    string `json:"person"`
	OpenID    string `json:"openid"`
}

func TestCodeIsMintedWithoutABody(t *testing.T) {
	t.Parallel()
	b := setup(t, wechatsandbox.Options{})
	var got minted
	status := b.order(t, http.MethodPost, "/_sandbox/codes", "", &got)
	if status != http.StatusOK || got.ExpiresIn != 300 || got.AppID != wechatsandbox.DemoAppID || got.Person == "" {
		t.Errorf("got %d %+v, want a code of the first app for 300 seconds", status, got)
	}
	if session := b.exchange(t, got.Code); session.OpenID != got.OpenID {
		t.Errorf("exchange: got openid %q, want %q", session.OpenID, got.OpenID)
	}
}

func TestCodeIsMintedForAPerson(t *testing.T) {
	t.Parallel()
	b := setup(t, wechatsandbox.Options{})
	var got minted
	b.order(t, http.MethodPost, "/_sandbox/codes", `{"person":"小明"}`, &got)
	if session := b.exchange(t, got.Code); session.OpenID != b.OpenID("", "小明") {
		t.Errorf("exchange: got openid %q, want that of the person", session.OpenID)
	}
}

func TestPeopleAreBlockedAndStrippedOfUnionIDByHTTP(t *testing.T) {
	t.Parallel()
	b := setup(t, wechatsandbox.Options{})
	var echo map[string]any
	b.order(t, http.MethodPost, "/_sandbox/people", `{"person":"mallory","blocked":true}`, &echo)
	b.order(t, http.MethodPost, "/_sandbox/people", `{"person":"alice","unionid":false}`, &echo)
	if got := b.exchange(t, b.Code(t, "mallory")).errcode(); got != 40226 {
		t.Errorf("blocked: got errcode %d, want 40226", got)
	}
	if got := b.exchange(t, b.Code(t, "alice")); got.UnionID != "" || got.OpenID == "" {
		t.Errorf("unionid off: got %+v", got)
	}
}

func TestFaultsAreScriptedByHTTP(t *testing.T) {
	t.Parallel()
	b := setup(t, wechatsandbox.Options{})
	var got struct {
		Faults []map[string]any `json:"faults"`
	}
	b.order(t, http.MethodPost, "/_sandbox/faults", `{"kind":"delay","delay":"1ms","times":2,"route":"/sns/jscode2session"}`, &got)
	b.order(t, http.MethodGet, "/_sandbox/faults", "", &got)
	want := "[map[delay:1ms kind:delay route:/sns/jscode2session times:2]]"
	if fmt.Sprint(got.Faults) != want {
		t.Errorf("script: got %v, want %s", got.Faults, want)
	}
	b.order(t, http.MethodDelete, "/_sandbox/faults", "", &got)
	if len(got.Faults) != 0 || len(b.Faults()) != 0 {
		t.Errorf("after clearing: got %v, want none", got.Faults)
	}
}

func TestClockIsShiftedByHTTP(t *testing.T) {
	t.Parallel()
	b := setup(t, wechatsandbox.Options{})
	code := b.Code(t, "alice")
	var got struct{ Now, Shift string }
	b.order(t, http.MethodPost, "/_sandbox/clock", `{"shift":"6m"}`, &got)
	b.order(t, http.MethodGet, "/_sandbox/clock", "", &got)
	if got.Shift != "6m0s" || got.Now != "2025-03-01T08:06:00Z" {
		t.Errorf("clock: got %+v, want six minutes past eight", got)
	}
	if errcode := b.exchange(t, code).errcode(); errcode != 40029 {
		t.Errorf("code after the shift: got errcode %d, want 40029", errcode)
	}
}

func TestBadOrdersAreRefusedWithAReasonAndAnExample(t *testing.T) {
	t.Parallel()
	b := setup(t, wechatsandbox.Options{})
	for _, test := range []struct {
		name, method, path, body string
		status                   int
		reason                   string
	}{
		{"broken JSON", "POST", "/_sandbox/codes", `{"person":`, 400, "not the JSON expected"},
		{"unknown field", "POST", "/_sandbox/codes", `{"persn":"x"}`, 400, `unknown field \"persn\"`},
		{"two values", "POST", "/_sandbox/codes", `{} {}`, 400, "more than one"},
		{"unknown app", "POST", "/_sandbox/codes", `{"app_id":"wx-none"}`, 404, "no such app"},
		{"huge body", "POST", "/_sandbox/codes", strings.Repeat(" ", 65<<10), 413, "larger than 65536 bytes"},
		{"nothing to set", "POST", "/_sandbox/people", `{"person":"x"}`, 400, "blocked"},
		{"unknown kind", "POST", "/_sandbox/faults", `{"kind":"explode"}`, 400, "the kinds are delay, hang"},
		{"unknown route", "POST", "/_sandbox/faults", `{"kind":"hang","route":"/x"}`, 400, "the routes are /cgi-bin/clear_quota"},
		{"bad delay", "POST", "/_sandbox/faults", `{"kind":"delay","delay":"soon"}`, 400, "no duration"},
		{"missing shift", "POST", "/_sandbox/clock", "", 400, "no duration"},
		{"unknown control", "POST", "/_sandbox/nothing", "", 404, "there are POST /_sandbox/codes"},
		{"wrong method", "PUT", "/_sandbox/codes", "", 404, "there are POST /_sandbox/codes"},
	} {
		response, body := b.send(t, test.method, b.URL+test.path, test.body)
		if response.StatusCode != test.status || !strings.Contains(body, test.reason) {
			t.Errorf("%s: got %d %s, want %d with %q", test.name, response.StatusCode, body, test.status, test.reason)
		}
		if test.status == 400 && !strings.Contains(body, `"example":"curl `) {
			t.Errorf("%s: no example in %s", test.name, body)
		}
	}
}

func TestPagesOfOtherOriginsCannotGiveOrders(t *testing.T) {
	t.Parallel()
	b := setup(t, wechatsandbox.Options{})
	for _, test := range []struct {
		name, host, origin string
		want               int
	}{
		{"another origin", "", "https://evil.example", http.StatusForbidden},
		{"a name that leads here", "evil.example", "http://evil.example", http.StatusForbidden},
		{"the sandbox", "localhost:8081", "http://localhost:8081", http.StatusOK},
		{"the sandbox by address", "", b.URL, http.StatusOK},
		{"no page at all", "sandbox:8081", "", http.StatusOK},
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.URL+"/_sandbox/codes", nil)
		if err != nil {
			t.Fatalf("make request: %v", err)
		}
		request.Host = test.host
		if test.origin != "" {
			request.Header.Set("Origin", test.origin)
		}
		before := b.Counters().LiveCodes
		response, err := b.client.Do(request)
		if err != nil {
			t.Fatalf("post: %v", err)
		}
		response.Body.Close()
		if minted := b.Counters().LiveCodes - before; response.StatusCode != test.want || (minted == 1) != (test.want == http.StatusOK) {
			t.Errorf("%s: got %d and %d codes, want %d", test.name, response.StatusCode, minted, test.want)
		}
	}
}

func TestPageShowsHowToBegin(t *testing.T) {
	t.Parallel()
	b := setup(t, wechatsandbox.Options{Apps: []wechatsandbox.App{{AppID: "wx00000000000000aa", Secret: "hidden-secret"}}})
	b.exchange(t, "0x")
	response, body := b.send(t, http.MethodGet, b.URL+"/", "")
	if got := response.Header.Get("Content-Type"); got != "text/html; charset=utf-8" {
		t.Errorf("content type: got %q", got)
	}
	for _, want := range []string{"微信接口沙箱", "curl -X POST " + b.URL + "/_sandbox/codes", "wx00000000000000aa", "GET /sns/jscode2session", "/_sandbox/push", "推送消息", "<code>/sns/jscode2session</code> ×1"} {
		if !strings.Contains(body, want) {
			t.Errorf("page lacks %q", want)
		}
	}
	if strings.Contains(body, "hidden-secret") {
		t.Error("page shows the secret")
	}
}
