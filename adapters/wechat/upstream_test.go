package wechat

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/menjin-id/menjin/domain"
)

const testPhone = `{"errcode":0,"errmsg":"ok","phone_info":{"phoneNumber":"` + testNumber + `","purePhoneNumber":"` + testNumber +
	`","countryCode":"86","watermark":{"timestamp":1637744274,"appid":"` + string(testApp) + `"}}}`

// upstream looks like WeChat as far as a test needs it. It knows one access_token at a time and refuses all others.
type upstream struct {
	url string

	mu        sync.Mutex
	fetches   int
	used      int                                          // calls with an access_token
	token     string                                       // in force; empty lets the next fetch bring a new one
	expiresIn string                                       // as in JSON
	fetch     func(w http.ResponseWriter, r *http.Request) // in place of the answer to a fetch
	answer    http.HandlerFunc                             // to a call with the token in force
}

func startUpstream(t testing.TB) *upstream {
	t.Helper()
	u := &upstream{expiresIn: "7200", answer: respond(testPhone)}
	u.url = serve(t, u.serveHTTP)
	return u
}

func (u *upstream) serveHTTP(w http.ResponseWriter, r *http.Request) {
	// A server learns that the client has left only when it has read the body.
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	if r.URL.Path == tokenAPI.path {
		u.serveToken(w, r)
		return
	}
	u.mu.Lock()
	u.used++
	answer := u.answer
	if r.URL.Query().Get("access_token") != u.token {
		answer = respond(`{"errcode":40001,"errmsg":"invalid credential, access_token is invalid or not latest"}`)
	}
	u.mu.Unlock()
	answer(w, r)
}

func (u *upstream) serveToken(w http.ResponseWriter, r *http.Request) {
	u.mu.Lock()
	u.fetches++
	fetch := u.fetch
	if u.token == "" {
		u.token = fmt.Sprintf("%s_%d", testToken, u.fetches)
	}
	body := fmt.Sprintf(`{"access_token":"%s","expires_in":%s}`, u.token, u.expiresIn)
	u.mu.Unlock()
	if fetch != nil {
		fetch(w, r)
		return
	}
	respond(body)(w, r)
}

// set changes the upstream while nobody is served.
func (u *upstream) set(change func(*upstream)) {
	u.mu.Lock()
	defer u.mu.Unlock()
	change(u)
}

func (u *upstream) killToken() { u.set(func(u *upstream) { u.token = "" }) }

func (u *upstream) wantFetches(t testing.TB, want int) {
	t.Helper()
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.fetches != want {
		t.Errorf("got %d fetches of the access_token, want %d", u.fetches, want)
	}
}

func (u *upstream) wantUsed(t testing.TB, want int) {
	t.Helper()
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.used != want {
		t.Errorf("got %d calls with an access_token, want %d", u.used, want)
	}
}

func (b bundle) phone(t testing.TB) error {
	t.Helper()
	phone, err := b.ExchangePhoneCode(t.Context(), testApp, openID(testOpenID), domain.NewSecret(testCode))
	if err == nil && phone.Reveal() != "+86"+testNumber {
		t.Errorf("got telephone number %q, want %q", phone.Reveal(), "+86"+testNumber)
	}
	return err
}

func openID(text string) domain.OpenID { return domain.OpenID{Secret: domain.NewSecret(text)} }

func sessionKey(text string) domain.SessionKey {
	return domain.SessionKey{Secret: domain.NewSecret(text)}
}

// testClock stands still until it is told to go.
type testClock struct {
	mu   sync.Mutex
	time time.Time
}

func newTestClock() *testClock {
	return &testClock{time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
}

func (c *testClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.time
}

func (c *testClock) advance(length time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.time = c.time.Add(length)
}

// hangUp reads the request and ends the connection without an answer.
func hangUp(w http.ResponseWriter, _ *http.Request) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		_ = conn.Close()
	}
}
