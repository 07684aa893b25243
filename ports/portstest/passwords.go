package portstest

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// PasswordsParts are a hasher, and one that works with smaller parameters: the hasher as it was once.
type PasswordsParts struct {
	Hasher ports.PasswordHasher
	Weaker ports.PasswordHasher
}

// Passwords is the contract of password hashing.
func Passwords(t *testing.T, open func(t *testing.T) PasswordsParts) {
	t.Helper()
	check(t, open, passwordContracts)
}

const samplePassword = "Correct-Horse 梅花 🌸"

func hashed(t *testing.T, ctx context.Context, hasher ports.PasswordHasher) domain.PasswordHash {
	t.Helper()
	password := must(domain.NewPassword("password", samplePassword, domain.Username{}))(t)
	return must(hasher.Hash(ctx, password))(t)
}

func (p PasswordsParts) wantVerified(t *testing.T, ctx context.Context, text string, hash domain.PasswordHash, match, stale bool) {
	t.Helper()
	gotMatch, gotStale, err := p.Hasher.Verify(ctx, domain.NewSecret(text), hash)
	if err != nil || gotMatch != match || match && gotStale != stale {
		t.Errorf("verify %q: got match %t, stale %t, error %v, want %t, %t", text, gotMatch, gotStale, err, match, stale)
	}
}

var passwordContracts = []contract[PasswordsParts]{
	{"a password verifies, and no other", func(t *testing.T, ctx context.Context, p PasswordsParts) {
		hash := hashed(t, ctx, p.Hasher)
		p.wantVerified(t, ctx, samplePassword, hash, true, false)
		for _, text := range []string{
			"", "x", strings.ToLower(samplePassword), samplePassword + " ", samplePassword + "\x00", samplePassword[:len(samplePassword)-1],
			strings.Repeat("a", 1<<16), "\xff", hash.Reveal(),
		} {
			p.wantVerified(t, ctx, text, hash, false, false)
		}
	}},
	{"a hash shows nothing of the password and differs each time", func(t *testing.T, ctx context.Context, p PasswordsParts) {
		first, second := hashed(t, ctx, p.Hasher), hashed(t, ctx, p.Hasher)
		if first.Equal(second.Secret) {
			t.Error("hashing twice: got the same, want another salt")
		}
		if first.IsZero() || strings.Contains(first.Reveal(), "Correct") {
			t.Error("the hash is empty or holds the password")
		}
		p.wantVerified(t, ctx, samplePassword, second, true, false)
	}},
	{"a hash made with smaller parameters verifies and is stale", func(t *testing.T, ctx context.Context, p PasswordsParts) {
		hash := hashed(t, ctx, p.Weaker)
		p.wantVerified(t, ctx, samplePassword, hash, true, true)
		p.wantVerified(t, ctx, samplePassword+"x", hash, false, false)
	}},
	{"nothing is the password of no hash", func(t *testing.T, ctx context.Context, p PasswordsParts) {
		for _, text := range []string{"", samplePassword} {
			p.wantVerified(t, ctx, text, domain.PasswordHash{}, false, false)
		}
	}},
	{"no hash takes as long as a wrong password", func(t *testing.T, ctx context.Context, p PasswordsParts) {
		hash := hashed(t, ctx, p.Hasher)
		times := 1
		for p.took(t, ctx, hash, times) < measurable {
			times *= 2
		}
		var wrong, none time.Duration
		for range 10 { // a machine that is busy for a while slows one of the two; what differs by itself differs each time
			wrong, none = p.fastest(t, ctx, times, hash, domain.PasswordHash{})
			if none > wrong/2 && none < wrong*2 {
				return
			}
		}
		t.Errorf("%d times without a hash took %s, with one %s, want about the same", times, none, wrong)
	}},
	{"a hash that cannot be read is an internal error that shows nothing", func(t *testing.T, ctx context.Context, p PasswordsParts) {
		whole := hashed(t, ctx, p.Hasher).Reveal()
		for _, text := range []string{"x", "$", "$argon2id$", "plain:" + samplePassword, whole[:len(whole)/2], "\x00", strings.Repeat("$", 100)} {
			match, _, err := p.Hasher.Verify(ctx, domain.NewSecret(samplePassword), domain.PasswordHash{Secret: domain.NewSecret(text)})
			wantInternal(t, err)
			if match || err != nil && (strings.Contains(err.Error(), samplePassword) || strings.Contains(err.Error(), whole[:len(whole)/2])) {
				t.Errorf("unreadable hash: got match %t, error %v, want neither a match nor a secret in the error", match, err)
			}
		}
	}},
	{"a cancelled context is no wrong password", func(t *testing.T, ctx context.Context, p PasswordsParts) {
		hash := hashed(t, ctx, p.Hasher)
		var calling sync.WaitGroup
		for range 8 {
			calling.Go(func() {
				match, _, err := p.Hasher.Verify(cancelled(ctx), domain.NewSecret(samplePassword), hash)
				if err == nil && !match || err != nil && !errors.Is(err, domain.ErrUnavailable) {
					t.Errorf("verify: got match %t, error %v, want a match or %v", match, err, domain.ErrUnavailable)
				}
			})
		}
		calling.Wait()
	}},
	{"callers do not disturb one another", func(t *testing.T, ctx context.Context, p PasswordsParts) {
		hash := hashed(t, ctx, p.Hasher)
		var calling sync.WaitGroup
		for i := range 12 {
			calling.Go(func() {
				want, text := i%2 == 0, samplePassword
				if !want {
					text += "x"
				}
				p.wantVerified(t, ctx, text, hash, want, false)
			})
		}
		calling.Wait()
	}},
}

// measurable is what lasts long enough to be compared. A hasher that is faster is called so often that it takes as long.
const measurable = 2 * time.Millisecond

// took returns how long it takes to refuse a wrong password some times.
func (p PasswordsParts) took(t *testing.T, ctx context.Context, hash domain.PasswordHash, times int) time.Duration {
	t.Helper()
	start := time.Now()
	for range times {
		p.wantVerified(t, ctx, "wrong-"+samplePassword, hash, false, false)
	}
	return time.Since(start)
}

// fastest returns the shortest that each of two hashes took, in turn.
func (p PasswordsParts) fastest(
	t *testing.T, ctx context.Context, times int, first, second domain.PasswordHash,
) (ofFirst, ofSecond time.Duration) {
	t.Helper()
	ofFirst, ofSecond = p.took(t, ctx, first, times), p.took(t, ctx, second, times)
	for range 4 {
		ofFirst, ofSecond = min(ofFirst, p.took(t, ctx, first, times)), min(ofSecond, p.took(t, ctx, second, times))
	}
	return ofFirst, ofSecond
}
