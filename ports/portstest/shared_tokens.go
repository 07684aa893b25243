package portstest

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// SharedTokensParts are a place for access_tokens and the way to make time pass for it.
type SharedTokensParts struct {
	Tokens ports.SharedTokens
	// Advance is that of SessionsParts.
	Advance func(d time.Duration)
}

// SharedTokens is the contract of the place where replicas share access_tokens. What open returns may be shared with other
// cases: each has a mini-program of its own.
func SharedTokens(t *testing.T, open func(t *testing.T) SharedTokensParts) {
	t.Helper()
	check(t, func(t *testing.T) *sharedTokens {
		return &sharedTokens{SharedTokensParts: open(t), app: domain.AppID("wx" + randomText())}
	}, sharedTokenContracts)
}

// sharedTokens is the place under test and a mini-program of its own.
type sharedTokens struct {
	SharedTokensParts
	app domain.AppID
}

func (s *sharedTokens) pass(d time.Duration) {
	if s.Advance != nil {
		s.Advance(d)
	}
}

func newSharedToken(fetched time.Time) ports.SharedToken {
	return ports.SharedToken{
		Value: domain.NewSecret("77_" + randomText() + "-门_\n|"), FetchedAt: fetched, ExpiresAt: fetched.Add(2 * time.Hour),
	}
}

func (s *sharedTokens) put(t *testing.T, ctx context.Context, token ports.SharedToken) {
	t.Helper()
	if err := s.Tokens.Put(ctx, s.app, token); err != nil {
		t.Fatalf("put: %v", err)
	}
}

func (s *sharedTokens) drop(t *testing.T, ctx context.Context, value domain.Secret) {
	t.Helper()
	if err := s.Tokens.Drop(ctx, s.app, value); err != nil {
		t.Fatalf("drop: %v", err)
	}
}

func (s *sharedTokens) want(t *testing.T, ctx context.Context, want ports.SharedToken) {
	t.Helper()
	got, err := s.Tokens.Get(ctx, s.app)
	if err != nil {
		t.Fatalf("get: %v", err)
	}
	if diff := diff(want, got); diff != "" {
		t.Errorf("token differs (-want +got):\n%s", diff)
	}
}

func (s *sharedTokens) lock(t *testing.T, ctx context.Context, most time.Duration, want bool) (unlock func()) {
	t.Helper()
	unlock, locked, err := s.Tokens.Lock(ctx, s.app, most)
	if err != nil || locked != want {
		t.Fatalf("lock: got %t, error %v, want %t", locked, err, want)
	}
	return unlock
}

var sharedTokenContracts = []contract[*sharedTokens]{
	{"there is no token before the first", func(t *testing.T, ctx context.Context, s *sharedTokens) {
		s.want(t, ctx, ports.SharedToken{})
		s.drop(t, ctx, domain.NewSecret("nothing"))
		s.drop(t, ctx, domain.Secret{})
	}},
	{"a token comes back, every field, and to its mini-program alone", func(t *testing.T, ctx context.Context, s *sharedTokens) {
		token := newSharedToken(now())
		s.put(t, ctx, token)
		s.want(t, ctx, token)
		got, err := s.Tokens.Get(ctx, s.app)
		if err != nil || got.FetchedAt.Location() != time.UTC || got.ExpiresAt.Location() != time.UTC {
			t.Errorf("times: got %v and %v, error %v, want them in UTC", got.FetchedAt, got.ExpiresAt, err)
		}
		if got, err := s.Tokens.Get(ctx, s.app+"0"); err != nil || !got.Value.IsZero() {
			t.Errorf("token of another mini-program: got one or error %v, want none", err)
		}
	}},
	{"a token takes the place of one fetched before it, never of one fetched after it", sharedNewest},
	{"only the very token is dropped", func(t *testing.T, ctx context.Context, s *sharedTokens) {
		token := newSharedToken(now())
		s.put(t, ctx, token)
		s.drop(t, ctx, newSharedToken(now()).Value)
		s.drop(t, ctx, domain.Secret{})
		s.want(t, ctx, token)
		s.drop(t, ctx, token.Value)
		s.want(t, ctx, ports.SharedToken{})
		older := newSharedToken(token.FetchedAt.Add(-time.Minute))
		s.put(t, ctx, older) // the one it would not have replaced is gone
		s.want(t, ctx, older)
	}},
	{"a token goes when it expires", func(t *testing.T, ctx context.Context, s *sharedTokens) {
		const life = 200 * time.Millisecond
		past := newSharedToken(now().Add(-3 * time.Hour))
		s.put(t, ctx, past)
		token := newSharedToken(now())
		token.ExpiresAt = token.FetchedAt.Add(life)
		s.put(t, ctx, token)
		s.pass(life)
		eventually(t, ctx, "the end of a token", func() bool {
			got, err := s.Tokens.Get(ctx, s.app)
			return err == nil && got.Value.IsZero()
		})
		older := newSharedToken(token.FetchedAt.Add(-time.Minute))
		s.put(t, ctx, older)
		s.want(t, ctx, older)
	}},
	{"one at a time holds the lock, and gives it back", func(t *testing.T, ctx context.Context, s *sharedTokens) {
		unlock := s.lock(t, ctx, time.Minute, true)
		s.lock(t, ctx, time.Minute, false)() // what was not locked is not unlocked
		s.lock(t, ctx, time.Minute, false)
		_, locked, err := s.Tokens.Lock(ctx, s.app+"0", time.Minute)
		if err != nil || !locked {
			t.Errorf("lock of another mini-program: got %t, error %v, want it", locked, err)
		}
		unlock()
		s.lock(t, ctx, time.Minute, true)
		unlock() // again, and the lock is another's by now
		s.lock(t, ctx, time.Minute, false)
	}},
	{"of many who want the lock one gets it", sharedLockRace},
	{"a lock goes by itself, and its late owner takes nobody else's", func(t *testing.T, ctx context.Context, s *sharedTokens) {
		const life = 200 * time.Millisecond
		late := s.lock(t, ctx, life, true)
		s.pass(life)
		eventually(t, ctx, "the end of a lock", func() bool {
			_, locked, err := s.Tokens.Lock(ctx, s.app, time.Minute)
			return err == nil && locked
		})
		late()
		s.lock(t, ctx, time.Minute, false)
	}},
	{"a lock is given back although its context has ended", func(t *testing.T, ctx context.Context, s *sharedTokens) {
		ending, cancel := context.WithCancel(ctx)
		unlock := s.lock(t, ending, time.Minute, true)
		cancel()
		unlock()
		s.lock(t, ctx, time.Minute, true)
	}},
	{"a cancelled context is an error", func(t *testing.T, ctx context.Context, s *sharedTokens) {
		_, got := s.Tokens.Get(cancelled(ctx), s.app)
		unlock, locked, lock := s.Tokens.Lock(cancelled(ctx), s.app, time.Minute)
		unlock() // is never nil
		for what, err := range map[string]error{
			"get": got, "lock": lock, "put": s.Tokens.Put(cancelled(ctx), s.app, newSharedToken(now())),
			"drop": s.Tokens.Drop(cancelled(ctx), s.app, domain.NewSecret("x")),
		} {
			if !errors.Is(err, context.Canceled) {
				t.Errorf("%s: got error %v, want %v", what, err, context.Canceled)
			}
		}
		if locked {
			t.Error("lock: got it, want it refused")
		}
	}},
}

func sharedNewest(t *testing.T, ctx context.Context, s *sharedTokens) {
	fetched := now()
	first, second := newSharedToken(fetched), newSharedToken(fetched.Add(time.Microsecond))
	s.put(t, ctx, first)
	s.put(t, ctx, second)
	s.want(t, ctx, second)
	s.put(t, ctx, first)
	s.want(t, ctx, second)
	var putting sync.WaitGroup
	newest := newSharedToken(fetched.Add(time.Second))
	tokens := []ports.SharedToken{newest}
	for i := range 20 {
		tokens = append(tokens, newSharedToken(fetched.Add(time.Duration(i)*time.Millisecond)))
	}
	for _, token := range tokens {
		putting.Go(func() {
			if err := s.Tokens.Put(ctx, s.app, token); err != nil {
				t.Errorf("put: %v", err)
			}
		})
	}
	putting.Wait()
	s.want(t, ctx, newest)
}

func sharedLockRace(t *testing.T, ctx context.Context, s *sharedTokens) {
	var won atomic.Int64
	var racing sync.WaitGroup
	for range 20 {
		racing.Go(func() {
			if _, locked, err := s.Tokens.Lock(ctx, s.app, time.Minute); err != nil {
				t.Errorf("lock: %v", err)
			} else if locked {
				won.Add(1)
			}
		})
	}
	racing.Wait()
	if got := won.Load(); got != 1 {
		t.Errorf("owners: got %d, want 1", got)
	}
}
