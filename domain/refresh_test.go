package domain_test

import (
	"crypto/sha256"
	"errors"
	"testing"
	"time"

	"github.com/menjin-id/menjin/domain"
)

var longLimits = domain.SessionLimits{Idle: time.Hour, Refresh: 24 * time.Hour, MaxAge: 60 * time.Hour}

// after is the hash of the token that replaces another.
func after(hash domain.RefreshHash) domain.RefreshHash { return sha256.Sum256(hash[:]) }

func TestRefresh(t *testing.T) {
	t.Parallel()
	first := firstToken.Hash()
	second, third := after(first), after(after(first))
	type step struct {
		at        time.Duration // since noon
		presented domain.RefreshHash
		want      error
	}
	const grace = domain.RefreshGrace
	for name, steps := range map[string][]step{
		"each token once":                         {{0, first, nil}, {time.Hour, second, nil}, {2 * time.Hour, third, nil}},
		"replaced, within the grace":              {{0, first, nil}, {grace, first, nil}, {2 * grace, second, nil}},
		"replaced, after the grace":               {{0, first, nil}, {grace + 1, first, domain.ErrRefreshTokenReused}, {2 * grace, second, nil}},
		"replaced, presented by a clock behind":   {{time.Minute, first, nil}, {0, first, nil}},
		"two generations old":                     {{0, first, nil}, {1, second, nil}, {2, first, domain.ErrRefreshTokenReused}, {3, third, nil}},
		"never one of this session":               {{0, third, domain.ErrRefreshTokenReused}, {0, domain.RefreshHash{}, domain.ErrRefreshTokenReused}, {0, first, nil}},
		"just before the refresh limit":           {{24*time.Hour - 1, first, nil}},
		"at the refresh limit":                    {{24 * time.Hour, first, domain.ErrRefreshTokenInvalid}},
		"the limit goes with the last refresh":    {{23 * time.Hour, first, nil}, {46 * time.Hour, second, nil}, {60*time.Hour - 1, third, nil}},
		"never past the absolute end":             {{23 * time.Hour, first, nil}, {46 * time.Hour, second, nil}, {60 * time.Hour, third, domain.ErrRefreshTokenInvalid}},
		"a replaced token does not move a limit":  {{0, first, nil}, {grace, first, nil}, {24 * time.Hour, second, domain.ErrRefreshTokenInvalid}},
		"the grace does not start anew by itself": {{0, first, nil}, {grace, first, nil}, {grace + 1, first, domain.ErrRefreshTokenReused}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			session := openSession(longLimits)
			for i, step := range steps {
				before := session.State()
				err := session.Refresh(step.presented, after(step.presented), longLimits, noon.Add(step.at))
				if !errors.Is(err, step.want) {
					t.Fatalf("step %d: got error %v, want %v", i, err, step.want)
				}
				if got := session.State(); err != nil && (got.RefreshHash != before.RefreshHash || got.LastSeenAt != before.LastSeenAt || got.IdleUntil != before.IdleUntil) {
					t.Errorf("step %d: changed with an error", i)
				}
			}
		})
	}
}

func TestRefreshedSession(t *testing.T) {
	t.Parallel()
	session := openSession(longLimits)
	first, now := firstToken.Hash(), noon.Add(5*time.Hour)
	if err := session.Check(now); !errors.Is(err, domain.ErrSessionEnded) {
		t.Fatalf("idle session: got %v, want %v", err, domain.ErrSessionEnded)
	}
	if err := session.Refresh(first, after(first), longLimits, now); err != nil {
		t.Fatalf("refresh: %v", err)
	}
	if err := session.Check(now); err != nil {
		t.Errorf("refreshed session: %v", err)
	}
	got := session.State()
	if got.RefreshHash != after(first) || got.ReplacedHash != first || !got.RefreshedAt.Equal(now) || !got.LastSeenAt.Equal(now) {
		t.Errorf("state: got %+v, want the token replaced now", got)
	}
	if got.IdleUntil.Sub(now) != longLimits.Idle || got.RefreshUntil.Sub(now) != longLimits.Refresh || got.ExpiresAt.Sub(noon) != longLimits.MaxAge {
		t.Errorf("limits: got %+v, want idle and refresh anew, the absolute one as before", got)
	}
	if err := session.Refresh(first, domain.RefreshHash{1}, longLimits, now); !errors.Is(err, domain.ErrRefreshTokenReused) {
		t.Errorf("the replaced token with another successor: got %v, want %v", err, domain.ErrRefreshTokenReused)
	}
}

func TestRefreshTokenHash(t *testing.T) {
	t.Parallel()
	if got, want := firstToken.Hash(), domain.RefreshHash(sha256.Sum256([]byte("token-1"))); got != want {
		t.Errorf("hash: got %x, want the SHA-256 of the token %x", got, want)
	}
}
