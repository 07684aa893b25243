package wechatsandbox_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/menjin-id/menjin/adapters/wechatsandbox"
	"github.com/menjin-id/menjin/adapters/wechatsandbox/sandboxtest"
)

// clock is a time that stands still until a test moves it.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2025, 3, 1, 8, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

type bundle struct {
	*sandboxtest.Sandbox

	clock  *clock
	client *http.Client
}

func setup(t *testing.T, opts wechatsandbox.Options) *bundle {
	t.Helper()
	c := newClock()
	opts.Clock = c.Now
	client := &http.Client{Transport: &http.Transport{}, Timeout: 20 * time.Second}
	t.Cleanup(client.CloseIdleConnections)
	return &bundle{Sandbox: sandboxtest.Start(t, opts), clock: c, client: client}
}

// session is every field an answer may have; Errcode tells 0 from absent.
type session struct {
	OpenID     string `json:"openid"`
	SessionKey string `json:"session_key"`
	UnionID    string `json:"unionid"`
	Errcode    *int   `json:"errcode"`
	Errmsg     string `json:"errmsg"`
}

func (s session) errcode() int {
	if s.Errcode == nil {
		return 0
	}
	return *s.Errcode
}

// query is what a correct server sends.
func query(code string) url.Values {
	return url.Values{
		"appid":      {wechatsandbox.DemoAppID},
		"secret":     {wechatsandbox.DemoSecret},
		"js_code":    {code},
		"grant_type": {"authorization_code"},
	}
}

func (b *bundle) exchangeURL(q url.Values) string {
	return b.URL + "/sns/jscode2session?" + q.Encode()
}

// exchange trades a code and expects a well-formed answer.
func (b *bundle) exchange(t *testing.T, code string) session {
	t.Helper()
	return b.get(t, query(code))
}

func (b *bundle) get(t *testing.T, q url.Values) session {
	t.Helper()
	response, body := b.send(t, http.MethodGet, b.exchangeURL(q), "")
	if response.StatusCode != http.StatusOK {
		t.Fatalf("status: got %d, want 200; body %s", response.StatusCode, body)
	}
	var got session
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatalf("answer %q: %v", body, err)
	}
	return got
}

func (b *bundle) send(t *testing.T, method, target, body string) (*http.Response, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	if err != nil {
		t.Fatalf("make request: %v", err)
	}
	response, err := b.client.Do(request)
	if err != nil {
		t.Fatalf("%s: %v", method, err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatalf("read answer: %v", err)
	}
	return response, string(text)
}

func (b *bundle) script(t *testing.T, faults ...wechatsandbox.Fault) {
	t.Helper()
	if err := b.AddFaults(faults...); err != nil {
		t.Fatalf("add faults: %v", err)
	}
}

// until polls for what another goroutine brings about.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.After(60 * time.Second)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("gave up waiting until %s", what)
		}
	}
}
