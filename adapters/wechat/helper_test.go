package wechat

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/menjin-id/menjin/domain"
)

// What must show up nowhere. Each has a form of its own, so that a search finds it in any text.
const (
	testApp        = domain.AppID("wx0123456789abcdef")
	testSecret     = "c0ffee00c0ffee00c0ffee00c0ffee00"
	testCode       = "0a3PlantedLoginCode0123456789abc"
	testOpenID     = "oPlantedOpenID00000000000001"
	testUnionID    = "oPlantedUnionID0000000000001"
	testSessionKey = "tiihtNczf5v6AKRyjwEUhQ=="
	testToken      = "88_PlantedAccessToken"
	testNumber     = "13912345678"
	testSignature  = "7154f9f8b4b76b92f541cbf0e37d48840fa06e5e42da92a6f80168a1516a4735" // of the session_key and no text
	testSuccess    = `{"session_key":"` + testSessionKey + `","openid":"` + testOpenID + `"}`
)

// bundle is a client with what it logged.
type bundle struct {
	*Client
	logs *logBuffer
}

type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

var neverOpens = breakerPolicy{failures: 1 << 30, pause: time.Minute}

func setup(t testing.TB, baseURL string, timeout time.Duration, policy breakerPolicy) bundle {
	t.Helper()
	return setupWith(t, Options{BaseURL: baseURL, Timeout: timeout}, policy)
}

// setupWith adds the mini-program and the log.
func setupWith(t testing.TB, opts Options, policy breakerPolicy) bundle {
	t.Helper()
	logs := new(logBuffer)
	opts.Apps = []App{{ID: testApp, Secret: domain.NewSecret(testSecret)}}
	opts.Logger = slog.New(slog.NewJSONHandler(logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	client, err := newClient(opts, policy)
	if err != nil {
		t.Fatalf("newClient: %v", err)
	}
	t.Cleanup(client.Close)
	return bundle{client, logs}
}

// serve answers with a handler; the server's own grumbling is not shown.
func serve(t testing.TB, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	server.Start()
	t.Cleanup(server.Close)
	return server.URL
}

// respond answers every request with a body, the way WeChat does.
func respond(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		_, _ = io.WriteString(w, body)
	}
}

func (b bundle) exchange(t testing.TB) error {
	t.Helper()
	_, err := b.ExchangeCode(t.Context(), testApp, domain.NewSecret(testCode))
	return err
}

// checkFailure wants an error of a kind that says nothing it must not.
func (b bundle) checkFailure(t testing.TB, err error, want *domain.Error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("got error %v, want %s", err, want.Reason)
	}
	b.checkDiscreet(t, err)
}

func (b bundle) checkDiscreet(t testing.TB, err error) {
	t.Helper()
	texts := map[string]string{"log": b.logs.String()}
	for ; err != nil; err = errors.Unwrap(err) {
		for _, verb := range []string{"%v", "%+v", "%#v", "%q"} {
			texts[fmt.Sprintf("%T with %s", err, verb)] = fmt.Sprintf(verb, err)
		}
	}
	for where, text := range texts {
		for _, planted := range []string{
			testSecret, testCode, testOpenID, testUnionID, testSessionKey[:20], testToken, testNumber, testSignature[:20], "js_code", "://",
		} {
			if strings.Contains(text, planted) {
				t.Errorf("%s shows %q: %s", where, planted, text)
			}
		}
	}
}

func (b bundle) checkRetryAfter(t testing.TB, err error, want time.Duration) {
	t.Helper()
	var failure *domain.Error
	if !errors.As(err, &failure) || failure.RetryAfter != want {
		t.Errorf("got error %#v, want one to try again after %v", err, want)
	}
}
