package wechatsandbox_test

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/menjin-id/menjin/adapters/wechatsandbox"
)

func TestCode2SessionAnswersInWeChatsShape(t *testing.T) {
	t.Parallel()
	b := setup(t, wechatsandbox.Options{})
	response, body := b.send(t, http.MethodGet, b.exchangeURL(query(b.Code(t, "alice"))), "")
	if got := response.Header.Get("Content-Type"); got != "text/plain" {
		t.Errorf("content type: got %q, want text/plain", got)
	}
	if strings.Contains(body, "errcode") {
		t.Errorf("success carries an errcode: %s", body)
	}
	got := b.exchange(t, b.Code(t, "alice"))
	if shape := regexp.MustCompile(`^o[A-Za-z0-9_-]{27}$`); !shape.MatchString(got.OpenID) || !shape.MatchString(got.UnionID) {
		t.Errorf("ids: got openid %q, unionid %q, want o and 27 more characters", got.OpenID, got.UnionID)
	}
	if key, err := base64.StdEncoding.DecodeString(got.SessionKey); err != nil || len(key) != 16 {
		t.Errorf("session_key: got %d bytes (%v), want 16", len(key), err)
	}
	if got.OpenID != b.OpenID("", "alice") || got.UnionID != b.UnionID("alice") {
		t.Errorf("ids: got %q, %q, want %q, %q", got.OpenID, got.UnionID, b.OpenID("", "alice"), b.UnionID("alice"))
	}
}

func TestErrcodeIsAddedToSuccessOnRequest(t *testing.T) {
	t.Parallel()
	b := setup(t, wechatsandbox.Options{WithErrcode: true})
	got := b.exchange(t, b.Code(t, ""))
	if got.Errcode == nil || *got.Errcode != 0 || got.Errmsg != "ok" {
		t.Errorf("got errcode %v, errmsg %q, want 0, ok", got.Errcode, got.Errmsg)
	}
}

func TestMistakesGetTheirErrcode(t *testing.T) {
	t.Parallel()
	change := func(key, value string) func(url.Values) { return func(q url.Values) { q.Set(key, value) } }
	for _, test := range []struct {
		name   string
		change func(url.Values)
		want   int
		text   string
	}{
		{"missing appid", change("appid", ""), 41002, "appid missing"},
		{"missing secret", change("secret", ""), 41004, "appsecret missing"},
		{"missing code", change("js_code", ""), 41008, "missing code"},
		{"missing grant type", change("grant_type", ""), 40002, "invalid grant_type"},
		{"wrong grant type", change("grant_type", "client_credential"), 40002, "invalid grant_type"},
		{"unknown app", change("appid", "wx00000000000000ff"), 40013, "invalid appid"},
		{"wrong secret", change("secret", "guess"), 40125, "invalid appsecret"},
		{"unknown code", change("js_code", "0unknown"), 40029, "invalid code"},
		{"code in wrong case", func(q url.Values) { q.Set("js_code", swapCase(q.Get("js_code"))) }, 40029, "invalid code"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, wechatsandbox.Options{})
			q := query(b.Code(t, "alice"))
			test.change(q)
			got := b.get(t, q)
			want := regexp.MustCompile("^" + test.text + ", rid: [0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}$")
			if got.errcode() != test.want || !want.MatchString(got.Errmsg) {
				t.Errorf("got %d %q, want %d %s", got.errcode(), got.Errmsg, test.want, want)
			}
			if got.OpenID != "" || got.SessionKey != "" {
				t.Errorf("failure gives away a session: %+v", got)
			}
		})
	}
}

func swapCase(text string) string {
	return strings.Map(func(r rune) rune {
		if upper := []rune(strings.ToUpper(string(r)))[0]; upper != r {
			return upper
		}
		return []rune(strings.ToLower(string(r)))[0]
	}, text)
}

func TestOnlyGetWithQueryIsUnderstood(t *testing.T) {
	t.Parallel()
	b := setup(t, wechatsandbox.Options{})
	code := b.Code(t, "alice")
	for _, test := range []struct{ name, method, target, body string }{
		{"post with query", http.MethodPost, b.exchangeURL(query(code)), ""},
		{"post with form", http.MethodPost, b.URL + "/sns/jscode2session", query(code).Encode()},
		{"get with body", http.MethodGet, b.URL + "/sns/jscode2session", query(code).Encode()},
	} {
		response, body := b.send(t, test.method, test.target, test.body)
		if response.StatusCode != http.StatusOK || !strings.Contains(body, `"errcode":41002,`) {
			t.Errorf("%s: got %d %s, want 200 with errcode 41002", test.name, response.StatusCode, body)
		}
	}
	if got := b.exchange(t, code); got.errcode() != 0 {
		t.Errorf("code after refused calls: got errcode %d, want a success", got.errcode())
	}
}

func TestUnknownPathIsInvalidURL(t *testing.T) {
	t.Parallel()
	b := setup(t, wechatsandbox.Options{})
	response, body := b.send(t, http.MethodGet, b.URL+"/sns/nothing", "")
	if response.StatusCode != http.StatusOK || !strings.Contains(body, `"errcode":40066,`) {
		t.Errorf("got %d %s, want 200 with errcode 40066", response.StatusCode, body)
	}
}

func TestCodeWorksOnce(t *testing.T) {
	t.Parallel()
	b := setup(t, wechatsandbox.Options{})
	code := b.Code(t, "alice")
	if got := b.exchange(t, code); got.errcode() != 0 {
		t.Fatalf("first use: got errcode %d, want a success", got.errcode())
	}
	if got := b.exchange(t, code); got.errcode() != 40163 || !strings.HasPrefix(got.Errmsg, "code been used, rid: ") {
		t.Errorf("second use: got %d %q, want 40163", got.errcode(), got.Errmsg)
	}
}

func TestCodeWorksOnceAmongConcurrentCalls(t *testing.T) {
	t.Parallel()
	b := setup(t, wechatsandbox.Options{})
	code := b.Code(t, "alice")
	var (
		mu             sync.Mutex
		calls          sync.WaitGroup
		sessions, used int
	)
	for range 50 {
		calls.Go(func() {
			_, body, err := b.try(t.Context(), code)
			if err != nil {
				t.Errorf("exchange: %v", err)
			}
			mu.Lock()
			defer mu.Unlock()
			switch {
			case strings.Contains(body, `"openid":"o`):
				sessions++
			case strings.Contains(body, `"errcode":40163,`):
				used++
			}
		})
	}
	calls.Wait()
	if sessions != 1 || used != 49 {
		t.Errorf("got %d sessions and %d times 40163, want 1 and 49", sessions, used)
	}
}

func TestCodeExpires(t *testing.T) {
	t.Parallel()
	b := setup(t, wechatsandbox.Options{})
	early, late := b.Code(t, "alice"), b.Code(t, "bob")
	b.clock.Advance(5*time.Minute - time.Second)
	if got := b.exchange(t, early); got.errcode() != 0 {
		t.Errorf("before 5 minutes: got errcode %d, want a success", got.errcode())
	}
	b.clock.Advance(time.Second)
	if got := b.exchange(t, late); got.errcode() != 40029 {
		t.Errorf("at 5 minutes: got errcode %d, want 40029", got.errcode())
	}
}

func TestCodeBelongsToItsApp(t *testing.T) {
	t.Parallel()
	first := wechatsandbox.App{AppID: wechatsandbox.DemoAppID, Secret: wechatsandbox.DemoSecret}
	second := wechatsandbox.App{AppID: "wx00000000000000aa", Secret: "other"}
	b := setup(t, wechatsandbox.Options{Apps: []wechatsandbox.App{first, second}})
	code, err := b.MintCode(second.AppID, "alice")
	if err != nil {
		t.Fatalf("mint code: %v", err)
	}
	if got := b.exchange(t, code); got.errcode() != 40029 {
		t.Errorf("at the other app: got errcode %d, want 40029", got.errcode())
	}
	q := query(code)
	q.Set("appid", second.AppID)
	q.Set("secret", "other")
	got := b.get(t, q)
	if got.errcode() != 0 || got.UnionID != b.UnionID("alice") || got.OpenID == b.OpenID(first.AppID, "alice") {
		t.Errorf("at its app: got %+v, want the shared unionid and an openid of its own", got)
	}
}

func TestMinuteLimitSparesTheCodeAndEndsWithTheMinute(t *testing.T) {
	t.Parallel()
	b := setup(t, wechatsandbox.Options{MinuteLimit: 2})
	for range 2 {
		b.exchange(t, b.Code(t, "alice"))
	}
	code := b.Code(t, "alice")
	got := b.exchange(t, code)
	if got.errcode() != 45011 || !strings.HasPrefix(got.Errmsg, "api minute-quota reach limit  mustslower  retry next minute, rid: ") {
		t.Errorf("third in a minute: got %d %q, want 45011", got.errcode(), got.Errmsg)
	}
	if got := b.exchange(t, b.Code(t, "bob")); got.errcode() != 0 {
		t.Errorf("another person: got errcode %d, want a success", got.errcode())
	}
	b.clock.Advance(time.Minute)
	if got := b.exchange(t, code); got.errcode() != 0 {
		t.Errorf("next minute: got errcode %d, want a success", got.errcode())
	}
}

func TestSessionKeyIsKeptForTheIntervalThenReplaced(t *testing.T) {
	t.Parallel()
	b := setup(t, wechatsandbox.Options{SessionKeyInterval: time.Minute})
	first := b.exchange(t, b.Code(t, "alice"))
	b.clock.Advance(59 * time.Second)
	second := b.exchange(t, b.Code(t, "alice"))
	if first.SessionKey != second.SessionKey {
		t.Error("session_key changed within the interval")
	}
	b.clock.Advance(time.Second)
	third := b.exchange(t, b.Code(t, "alice"))
	if third.SessionKey == second.SessionKey {
		t.Error("session_key stayed beyond the interval")
	}
	if third.OpenID != first.OpenID {
		t.Errorf("openid: got %q, want %q as before", third.OpenID, first.OpenID)
	}
}

func TestOpenIDFollowsFromSeedAppAndPerson(t *testing.T) {
	t.Parallel()
	one, same, other := wechatsandbox.New(wechatsandbox.Options{}), wechatsandbox.New(wechatsandbox.Options{}), wechatsandbox.New(wechatsandbox.Options{Seed: 7})
	if got, want := same.OpenID("", "alice"), one.OpenID("", "alice"); got != want {
		t.Errorf("same seed: got %q, want %q", got, want)
	}
	for name, id := range map[string]string{
		"other seed":   other.OpenID("", "alice"),
		"other person": one.OpenID("", "bob"),
		"other app":    one.OpenID("wx00000000000000aa", "alice"),
		"unionid":      one.UnionID("alice"),
	} {
		if id == one.OpenID("", "alice") {
			t.Errorf("%s: got the same id %q", name, id)
		}
	}
}
