package signin

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// guessesPerAccount is how many tries an account takes from strangers' addresses together. Who comes from where the owner is
// signed in is no stranger.
var guessesPerAccount = ports.Rate{Burst: 100, Per: time.Hour}

// slowDown counts the try, against the address for this account and, from a stranger's address, against the account.
func (uc *Password) slowDown(ctx context.Context, pair, account string, user *domain.User, in PasswordInput) error {
	now := uc.now()
	wait, err := uc.attempts.Try(ctx, pair, now)
	if err != nil {
		return fmt.Errorf("count attempt: %w", err)
	}
	if wait > 0 {
		return domain.ErrTooManyAttempts.After(wait)
	}
	wait, err = uc.limiter.Take(ctx, digest("account", account), guessesPerAccount, now)
	if err != nil {
		return fmt.Errorf("count attempt: %w", err)
	}
	if wait == 0 {
		return nil
	}
	known, err := uc.isKnown(ctx, user, in, now)
	if err != nil {
		return err
	}
	if known {
		return nil
	}
	return domain.ErrTooManyAttempts.After(wait)
}

// isKnown reports whether the owner is signed in at the address.
func (uc *Password) isKnown(ctx context.Context, user *domain.User, in PasswordInput, now time.Time) (bool, error) {
	if user == nil {
		return false, nil
	}
	sessions, err := uc.sessions.List(ctx, user.ID(), now)
	if err != nil {
		return false, fmt.Errorf("list sessions: %w", err)
	}
	for _, kept := range sessions {
		if neighbourhood(kept.State().IP) == neighbourhood(in.IP) {
			return true, nil
		}
	}
	return false, nil
}

// neighbourhood is the address, or for IPv6 the network of 64 bits that one customer has all to themselves.
func neighbourhood(ip string) string {
	address, err := netip.ParseAddr(ip)
	if err != nil || address.Unmap().Is4() {
		return ip
	}
	network, err := address.Prefix(64)
	if err != nil {
		return ip
	}
	return network.String()
}

// digest makes a key for counters that shows nothing of its parts.
func digest(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.ToLower(strings.Join(parts, "\x00"))))
	return parts[0] + ":" + hex.EncodeToString(sum[:16])
}
