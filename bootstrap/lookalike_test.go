package bootstrap_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"regexp"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/menjin-id/menjin/adapters/wechatsandbox"
)

// The mini-program of the tests. Its secret must show up nowhere.
const (
	testAppID     = "wx00000000000000aa"
	testAppSecret = "5f2b7c19e0d84a63b1c7f4d2e98a0c36"
)

// weChat is a look-alike in the test process, which outlives the programs that use it and can be given orders.
type weChat struct {
	*wechatsandbox.Server
	tb  testing.TB
	url string

	page atomic.Pointer[string] // sent instead of an answer while it is set

	mu   sync.Mutex
	keys []string // every session_key given away
}

func startWeChat(tb testing.TB, more ...wechatsandbox.App) *weChat {
	tb.Helper()
	w := &weChat{tb: tb, Server: wechatsandbox.New(wechatsandbox.Options{
		Apps: append([]wechatsandbox.App{{AppID: testAppID, Secret: testAppSecret}}, more...),
	})}
	listener := httptest.NewServer(http.HandlerFunc(w.answer))
	tb.Cleanup(func() {
		listener.CloseClientConnections()
		listener.Close()
	})
	w.url = listener.URL
	return w
}

// settings point a program at the look-alike.
func (w *weChat) settings() settings {
	return settings{"wechat.base_url": w.url, "wechat.app_id": testAppID, "wechat.app_secret": testAppSecret}
}

var sessionKeyField = regexp.MustCompile(`"session_key":"([^"]+)"`)

func (w *weChat) answer(out http.ResponseWriter, r *http.Request) {
	if page := w.page.Load(); page != nil {
		out.Header().Set("Content-Type", "text/html")
		_, _ = out.Write([]byte(*page))
		return
	}
	seen := &copying{ResponseWriter: out}
	w.Server.ServeHTTP(seen, r)
	sieveOf(w.tb).keepFields(fieldsOfWeChat, seen.head.Bytes())
	if found := sessionKeyField.FindSubmatch(seen.head.Bytes()); found != nil {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.keys = append(w.keys, string(found[1]))
	}
}

// copying keeps the beginning of an answer.
type copying struct {
	http.ResponseWriter
	head bytes.Buffer
}

// Unwrap lets the look-alike reach the connection, to break it.
func (c *copying) Unwrap() http.ResponseWriter { return c.ResponseWriter }

func (c *copying) Write(text []byte) (int, error) {
	if c.head.Len() < 4096 {
		c.head.Write(text)
	}
	return c.ResponseWriter.Write(text)
}

func (w *weChat) sessionKeys() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string(nil), w.keys...)
}

// code is what wx.login gives a person.
func (w *weChat) code(person string) string {
	w.tb.Helper()
	code, err := w.MintCode("", person)
	if err != nil {
		w.tb.Fatal(err)
	}
	return code
}

// play scripts one fault.
func (w *weChat) play(fault wechatsandbox.Fault) {
	w.tb.Helper()
	if err := w.AddFaults(fault); err != nil {
		w.tb.Fatal(err)
	}
}
