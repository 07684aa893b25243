package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/menjin-id/menjin/adapters/httpapi"
	"github.com/menjin-id/menjin/adapters/httpapi/apitest"
	"github.com/menjin-id/menjin/adapters/memory"
	"github.com/menjin-id/menjin/application/signin"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

const app = domain.AppID("wx0123456789abcdef")

var (
	limits        = domain.SessionLimits{Idle: 30 * time.Minute, Refresh: 30 * 24 * time.Hour, MaxAge: 90 * 24 * time.Hour}
	discardLogger = slog.New(slog.DiscardHandler)
)

// service is the API over fakes, behind a real listener.
type service struct {
	t        *testing.T
	api      *httpapi.Server
	url      string
	client   *http.Client // validates every response
	store    *memory.Store
	sessions *memory.Sessions
	wechat   *memory.WeChat
	phones   *memory.WeChatPhones
	keys     *memory.WeChatSessionKeys
	data     *memory.WeChatData
	tokens   *memory.Tokens
	reader   *reader
	clock    *clock
	log      *logBuffer
}

func setup(t *testing.T, change ...func(*httpapi.Options)) *service {
	t.Helper()
	options := httpapi.Options{Version: "1.2.3"}
	for _, apply := range change {
		apply(&options)
	}
	s := &service{
		t: t, store: memory.NewStore(memory.EventCodec{}, func() {}, memory.StoreOptions{}), sessions: memory.NewSessions(limits),
		wechat: memory.NewWeChat(app), phones: memory.NewWeChatPhones(app), keys: memory.NewWeChatSessionKeys(app),
		data: memory.NewWeChatData(0), tokens: memory.NewTokens(), clock: newClock(), log: &logBuffer{},
	}
	s.reader = &reader{UserReader: s.store}
	s.api = s.build(t, options)
	s.url = serve(t, s.api, httpapi.Limits{HeaderBytes: 8 << 10})
	s.client = apitest.Client(t, s.url)
	return s
}

// serve listens until the test ends.
func serve(t *testing.T, handler http.Handler, limits httpapi.Limits) (url string) {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	server.Config = httpapi.NewHTTPServer(handler, limits, slog.New(slog.DiscardHandler)).Server
	server.Start()
	t.Cleanup(server.Close)
	return server.URL
}

func (s *service) build(t testing.TB, options httpapi.Options) *httpapi.Server {
	t.Helper()
	behind := backing{
		reader: s.reader, store: s.store, sessions: s.sessions, issuer: s.tokens, verifier: s.tokens, wechat: s.wechat,
		phones: s.phones, keys: s.keys, data: s.data, now: s.clock.Now, options: signin.Options{Limits: limits, MaxSessions: 20, AccessTTL: 2 * time.Hour},
	}
	api, err := httpapi.New(behind.useCases(), keySet, s.clock.Now, newID, slog.New(slog.NewJSONHandler(s.log, nil)), options)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	return api
}

func keySet() []byte {
	return []byte(`{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"k1","alg":"EdDSA","use":"sig","x":"AA"}]}`)
}

func newID() domain.ID { return domain.ID(uuid.Must(uuid.NewV7())) }

func random() [32]byte { return [32]byte{1, 2, 3} }

// reader lets a test step into the reading of users.
type reader struct {
	ports.UserReader
	before func(ctx context.Context) error
}

func (r *reader) failWith(err error) { r.before = func(context.Context) error { return err } }

func (r *reader) ByID(ctx context.Context, id domain.UserID) (*domain.User, error) {
	if r.before != nil {
		if err := r.before(ctx); err != nil {
			return nil, err
		}
	}
	return r.UserReader.ByID(ctx, id)
}

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)} }

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

// answer is a response, read.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a answer) reason(t *testing.T) string {
	t.Helper()
	var envelope struct{ Reason string }
	if err := json.Unmarshal(a.body, &envelope); err != nil {
		t.Fatalf("body is no envelope: %q", a.body)
	}
	return envelope.Reason
}

func (a answer) want(t *testing.T, status int, reason string) {
	t.Helper()
	if got := a.reason(t); a.status != status || got != reason {
		t.Fatalf("got %d %s, want %d %s; body %s", a.status, got, status, reason, a.body)
	}
}

type header map[string]string

// do sends a request and validates the answer against the contract.
func (s *service) do(t *testing.T, method, path, body string, headers ...header) answer {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	for _, set := range headers {
		for name, value := range set {
			request.Header.Set(name, value)
		}
	}
	return s.send(t, request)
}

func (s *service) send(t *testing.T, request *http.Request) answer {
	t.Helper()
	response, err := s.client.Do(request)
	if err != nil {
		t.Fatalf("%s %s: %v", request.Method, request.URL.Path, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{response.StatusCode, response.Header, body}
}

// grant makes code good for a person.
func (s *service) grant(t *testing.T, code, person string) {
	t.Helper()
	s.wechat.Grant(code, ports.WeChatLogin{OpenID: openIDOf(t, person), SessionKey: everybodysKey})
	s.keys.Use(app, openIDOf(t, person), everybodysKey)
}

// everybodysKey is the session_key that every login brings.
var everybodysKey = domain.SessionKey{Secret: domain.NewSecret("c2Vzc2lvbi1rZXktMTY=")}

func openIDOf(t *testing.T, person string) domain.OpenID {
	t.Helper()
	openID, err := domain.NewOpenID("openid-of-" + person)
	if err != nil {
		t.Fatal(err)
	}
	return openID
}

type loginData struct {
	Token        string `json:"token"`
	RefreshToken string `json:"refresh_token"`
	SessionID    string `json:"session_id"`
	User         struct{ ID string }
}

// signIn returns what a person gets who signs in.
func (s *service) signIn(t *testing.T, person string) loginData {
	t.Helper()
	code := "code-" + newID().String()
	s.grant(t, code, person)
	reply := s.do(t, "POST", "/api/login", `{"code":"`+code+`"}`)
	var envelope struct{ Data loginData }
	if err := json.Unmarshal(reply.body, &envelope); err != nil || reply.status != http.StatusOK {
		t.Fatalf("sign in: %d %s", reply.status, reply.body)
	}
	return envelope.Data
}

func as(token string) header { return header{"Authorization": "Bearer " + token} }

// logBuffer keeps log lines.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *logBuffer) Write(line []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(line)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// lines returns the records with that message, once there are at least n; the access line comes after the answer.
func (b *logBuffer) lines(t *testing.T, message string, n int) []map[string]any {
	t.Helper()
	deadline := time.Now().Add(60 * time.Second)
	for {
		var found []map[string]any
		for line := range strings.Lines(b.String()) {
			var record map[string]any
			if err := json.Unmarshal([]byte(line), &record); err != nil {
				t.Fatalf("log line %q: %v", line, err)
			}
			if record["msg"] == message {
				found = append(found, record)
			}
		}
		if len(found) >= n {
			return found
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d lines %q, want %d; log:\n%s", len(found), message, n, b)
		}
		time.Sleep(time.Millisecond)
	}
}
