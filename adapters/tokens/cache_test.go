package tokens

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// setClock is a clock that stands where it is put.
type setClock struct {
	wallClock
	now atomic.Int64
}

func newClock(now time.Time) *setClock {
	c := &setClock{}
	c.set(now)
	return c
}

func (c *setClock) set(now time.Time) { c.now.Store(now.UnixNano()) }

func (c *setClock) NowNano() int64 { return c.now.Load() }

var start = time.Date(2040, 1, 2, 3, 4, 5, 0, time.UTC)

func TestProvenTokenIsForgottenWhenItExpires(t *testing.T) {
	t.Parallel()
	clock := newClock(start)
	c := newCache(10, clock)
	c.put(digest{1}, domain.Claims{ExpiresAt: start.Add(time.Hour)})

	clock.set(start.Add(time.Hour - time.Second))
	if _, found := c.get(digest{1}); !found {
		t.Error("a second before its expiry: forgotten")
	}
	clock.set(start.Add(time.Hour))
	if _, found := c.get(digest{1}); found {
		t.Error("at its expiry: still there")
	}
}

func TestExpiredTokenIsNotRemembered(t *testing.T) {
	t.Parallel()
	clock := newClock(start)
	c := newCache(10, clock)
	c.put(digest{1}, domain.Claims{ExpiresAt: start})
	c.put(digest{2}, domain.Claims{ExpiresAt: start.Add(-time.Hour)})
	clock.set(start.Add(1))
	for _, key := range []digest{{1}, {2}} {
		if _, found := c.get(key); found {
			t.Errorf("token %d is remembered", key[0])
		}
	}
}

func TestCacheIsBounded(t *testing.T) {
	t.Parallel()
	c := newCache(100, wallClock{})
	for i := range 10_000 {
		c.put(digest{byte(i), byte(i >> 8)}, domain.Claims{ExpiresAt: time.Now().Add(time.Hour)})
	}
	c.entries.CleanUp()
	if got := c.entries.EstimatedSize(); got > 100 {
		t.Errorf("entries: got %d, want at most 100", got)
	}
}

// ringOf makes a ring with a key of its own.
func ringOf(tb testing.TB, algorithm Algorithm) *Ring {
	tb.Helper()
	ring := NewRing(algorithm)
	key, err := ring.Generate(start)
	if err == nil {
		err = ring.Use([]ports.SigningKey{key}, key.ID)
	}
	if err != nil {
		tb.Fatal(err)
	}
	return ring
}

func TestKeySetDoesNotPrint(t *testing.T) {
	t.Parallel()
	keys := ringOf(t, EdDSA).current.Load()
	if got := fmt.Sprintf("%v %+v %#v %s", keys, keys, keys, keys); strings.ReplaceAll(strings.ReplaceAll(got, "[redacted]", ""), " ", "") != "" {
		t.Errorf("got %q, want nothing of the keys", got)
	}
}

func TestRefusedTokenIsNotRemembered(t *testing.T) {
	t.Parallel()
	ring := ringOf(t, EdDSA)
	v := NewVerifier(ring, "us", "you")
	token, err := NewIssuer(ring, "them", "you").Issue(domain.Claims{ExpiresAt: time.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := v.Verify(token); err == nil {
			t.Error("a token of somebody else was accepted")
		}
	}
	if got := v.current().proven.entries.EstimatedSize(); got != 0 {
		t.Errorf("remembered: got %d, want 0", got)
	}
}

func BenchmarkProve(b *testing.B) {
	for _, algorithm := range []Algorithm{EdDSA, ES256} {
		b.Run(string(algorithm), func(b *testing.B) {
			ring := ringOf(b, algorithm)
			token, err := NewIssuer(ring, "us", "you").Issue(domain.Claims{Roles: []domain.Role{domain.RoleUser}})
			if err != nil {
				b.Fatal(err)
			}
			v, keys := NewVerifier(ring, "us", "you"), ring.current.Load()
			b.ReportAllocs()
			for b.Loop() {
				if _, err := v.prove(keys, token.Reveal()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
