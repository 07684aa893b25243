package httpapi_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/menjin-id/menjin/adapters/httpapi"
	"github.com/menjin-id/menjin/adapters/memory"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/internal/testserver/spantest"
	"github.com/menjin-id/menjin/ports"
)

// instant stands for everything behind the API and costs next to nothing, so that a benchmark sees the API alone.
type instant struct {
	sessionStore // the rest is not called
	claims       domain.Claims
	user         *domain.User
	login        ports.WeChatLogin
}

func (i *instant) Verify(domain.Secret) (domain.Claims, error) { return i.claims, nil }

func (i *instant) Issue(domain.Claims) (domain.Secret, error) { return domain.NewSecret("a.b.c"), nil }

func (i *instant) Open(context.Context, *domain.Session, int) ([]domain.SessionID, error) {
	return nil, nil
}

func (i *instant) Touch(context.Context, domain.UserID, domain.SessionID, time.Time) ([]domain.Role, error) {
	return i.claims.Roles, nil
}

func (i *instant) ByID(context.Context, domain.UserID) (*domain.User, error) { return i.user, nil }

func (i *instant) ByWeChat(context.Context, domain.AppID, domain.OpenID) (*domain.User, error) {
	return i.user, nil
}

func (i *instant) ExchangeCode(context.Context, domain.AppID, domain.Secret) (ports.WeChatLogin, error) {
	return i.login, nil
}

func newInstant() *instant {
	user, _ := domain.RegisterWithWeChat(domain.UserID{ID: newID()}, domain.WeChatIdentity{AppID: app}, domain.Stamp{At: newClock().Now()})
	return &instant{user: user, claims: domain.Claims{
		UserID: user.ID(), SessionID: domain.SessionID{ID: newID()}, Roles: user.Roles(), ExpiresAt: time.Now().Add(time.Hour),
	}}
}

func benchmarked(b *testing.B, options httpapi.Options) *httpapi.Server {
	b.Helper()
	instant, store := newInstant(), memory.NewStore(memory.EventCodec{}, func() {}, memory.StoreOptions{})
	now := func() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }
	behind := backing{
		reader: instant, store: store, sessions: instant, issuer: instant, verifier: instant, wechat: instant,
		now: now,
	}
	api, err := httpapi.New(behind.useCases(), keySet, now, newID, slog.New(slog.NewJSONHandler(io.Discard, nil)), options)
	if err != nil {
		b.Fatal(err)
	}
	return api
}

// discard is a response that goes nowhere.
type discard struct {
	header http.Header
	status int
}

func (d *discard) Header() http.Header            { return d.header }
func (d *discard) Write(body []byte) (int, error) { return len(body), nil }
func (d *discard) WriteHeader(status int)         { d.status = status }

func run(b *testing.B, api http.Handler, request func(i int) *http.Request, status int) {
	b.Helper()
	w := &discard{header: http.Header{}}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		clear(w.header)
		api.ServeHTTP(w, request(i))
		if w.status != status {
			b.Fatalf("got %d", w.status)
		}
	}
}

func BenchmarkAuthCheck(b *testing.B) {
	request := httptest.NewRequest(http.MethodGet, "/api/auth/check", nil)
	request.Header.Set("Authorization", "Bearer "+strings.Repeat("a", 300)+".b.c")
	run(b, benchmarked(b, httpapi.Options{}), func(int) *http.Request { return request }, http.StatusNoContent)
}

// BenchmarkAuthCheckNotSampled is what tracing costs the requests that are not traced.
func BenchmarkAuthCheckNotSampled(b *testing.B) {
	request := httptest.NewRequest(http.MethodGet, "/api/auth/check", nil)
	request.Header.Set("Authorization", "Bearer "+strings.Repeat("a", 300)+".b.c")
	api := benchmarked(b, httpapi.Options{Tracer: spantest.New(b, 0).Tracer()})
	run(b, api, func(int) *http.Request { return request }, http.StatusNoContent)
}

func BenchmarkUserInfo(b *testing.B) {
	request := httptest.NewRequest(http.MethodGet, "/api/user/info", nil)
	request.Header.Set("Authorization", "Bearer a.b.c")
	request.Header.Set("Accept-Language", "zh-CN,zh;q=0.9")
	run(b, benchmarked(b, httpapi.Options{}), func(int) *http.Request { return request }, http.StatusOK)
}

// BenchmarkLogin counts the use case with instant parts behind it too.
func BenchmarkLogin(b *testing.B) {
	template := httptest.NewRequest(http.MethodPost, "/api/login", nil)
	template.Header.Set("Content-Type", "application/json")
	run(b, benchmarked(b, httpapi.Options{}), func(i int) *http.Request {
		body := `{"code":"` + strconv.Itoa(i) + `","device":{"id":"6f1c2f0e","model":"iPhone 15"}}`
		request := *template
		request.Body, request.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
		return &request
	}, http.StatusOK)
}
