package httpapi_test

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/menjin-id/menjin/adapters/httpapi"
	"github.com/menjin-id/menjin/adapters/memory"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// noted remembers the keys that a limiter was asked for.
type noted struct {
	ports.RateLimiter
	mu   sync.Mutex
	keys []string
}

func (n *noted) Take(ctx context.Context, key string, rate ports.Rate, now time.Time) (time.Duration, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.keys = append(n.keys, key)
	return n.RateLimiter.Take(ctx, key, rate, now)
}

func (n *noted) seen() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Compact(slices.Clone(n.keys))
}

func limited(limiter ports.RateLimiter) func(*httpapi.Options) {
	rate := ports.Rate{Burst: 2, Per: time.Minute}
	return func(o *httpapi.Options) {
		o.Limiter, o.Rates = limiter, httpapi.Rates{SignIn: rate, Register: rate, Refresh: rate, Phone: rate, Export: rate}
		o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	}
}

func TestAddressesAreLimitedBeforeTheBodyIsRead(t *testing.T) {
	t.Parallel()
	for group, paths := range map[string][]string{
		"sign-in": {"/api/login", "/api/login/password", "/api/login"}, "register": {"/api/register", "/api/register", "/api/register"},
		"refresh": {"/api/token/refresh", "/api/token/refresh", "/api/token/refresh"},
	} {
		t.Run(group, func(t *testing.T) {
			t.Parallel()
			limiter := &noted{RateLimiter: memory.NewLimiter()}
			s := setup(t, limited(limiter))
			for _, path := range paths[:2] {
				s.do(t, "POST", path, `{`).want(t, 400, "MALFORMED_JSON")
			}
			reply := s.do(t, "POST", paths[2], `{`)
			reply.want(t, 429, "RATE_LIMITED")
			if got := reply.header.Get("Retry-After"); got != "30" {
				t.Errorf("Retry-After %q, want 30", got)
			}
			if got, want := limiter.seen(), []string{group + ":127.0.0.1"}; !slices.Equal(got, want) {
				t.Errorf("keys %q, want %q", got, want)
			}
			s.do(t, "POST", paths[2], `{`, header{"X-Forwarded-For": "203.0.113.9"}).want(t, 400, "MALFORMED_JSON")
		})
	}
}

func TestAddressesOfOneSubscriberCountTogether(t *testing.T) {
	t.Parallel()
	s := setup(t, limited(memory.NewLimiter()))
	for i, test := range []struct {
		address string
		status  int
	}{
		{"2001:db8:1:2::1", 400},
		{"2001:db8:1:2:ffff:ffff:ffff:ffff", 400},
		{"2001:db8:1:2::3", 429},
		{"2001:db8:1:3::1", 400},
		{"::ffff:203.0.113.9", 400},
		{"203.0.113.9", 400},
		{"203.0.113.9", 429},
		{"203.0.113.10", 400},
	} {
		if reply := s.do(t, "POST", "/api/login", `{`, header{"X-Forwarded-For": test.address}); reply.status != test.status {
			t.Errorf("%d, %s: got %d, want %d", i, test.address, reply.status, test.status)
		}
	}
}

func TestLimiterThatIsDownLetsNobodyThrough(t *testing.T) {
	t.Parallel()
	limiter := memory.NewLimiter()
	s := setup(t, limited(limiter))
	token := s.signIn(t, "li").Token
	limiter.Break(fmt.Errorf("%w: dial tcp: refused", domain.ErrUnavailable))
	for _, path := range []string{"/api/login", "/api/login/password", "/api/register", "/api/token/refresh"} {
		s.do(t, "POST", path, `{}`).want(t, 503, "DEPENDENCY_UNAVAILABLE")
	}
	s.wantSession(t, token, true)
	if reply := s.do(t, "GET", "/api/hello", ""); reply.status != 200 {
		t.Errorf("hello: got %d", reply.status)
	}
}

func TestRatesWithoutBurstAreOff(t *testing.T) {
	t.Parallel()
	limiter := &noted{RateLimiter: memory.NewLimiter()}
	s := setup(t, limited(limiter), func(o *httpapi.Options) { o.Rates.SignIn = ports.Rate{Per: time.Minute} })
	for range 5 {
		s.do(t, "POST", "/api/login", `{`).want(t, 400, "MALFORMED_JSON")
	}
	if keys := limiter.seen(); len(keys) != 0 {
		t.Errorf("keys %q", keys)
	}
}

func TestRatesWithoutALimiterAreAMistake(t *testing.T) {
	t.Parallel()
	options := httpapi.Options{}
	limited(nil)(&options)
	if _, err := httpapi.New(httpapi.UseCases{}, keySet, newClock().Now, newID, discardLogger, options); err == nil {
		t.Error("got no error")
	}
}

func TestExportsAreLimitedByAddressAndByUser(t *testing.T) {
	t.Parallel()
	s := setup(t, limited(memory.NewLimiter()))
	token := s.signIn(t, "li").Token
	from := func(address string) answer {
		return s.do(t, "GET", "/api/user/export", "", header{"Authorization": "Bearer " + token, "X-Forwarded-For": address})
	}
	for _, address := range []string{"203.0.113.1", "203.0.113.1", "203.0.113.2", "203.0.113.2", "203.0.113.3"} {
		if got := from(address); got.status != 200 {
			t.Errorf("from %s: got %d, want 200", address, got.status)
		}
	}
	refused := from("203.0.113.1") // by the address, which counts nothing of the user's
	refused.want(t, 429, "RATE_LIMITED")
	if got := refused.header.Get("Retry-After"); got != "30" {
		t.Errorf("address: got Retry-After %q, want 30", got)
	}
	refused = from("203.0.113.4")
	refused.want(t, 429, "RATE_LIMITED")
	if got := refused.header.Get("Retry-After"); got != "720" {
		t.Errorf("user: got Retry-After %q, want 720", got)
	}
}
