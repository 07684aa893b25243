package tokens

import (
	"crypto/sha256"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/menjin-id/menjin/domain"
)

// cacheSize bounds the memory spent on proven tokens to some 13 MiB.
const cacheSize = 50_000

type digest = [sha256.Size]byte

// cache remembers claims by the digest of their token, at the latest until they expire.
type cache struct {
	entries *otter.Cache[digest, domain.Claims]
}

func newCache(size int, clock otter.Clock) *cache {
	return &cache{otter.Must(&otter.Options[digest, domain.Claims]{
		MaximumSize: size,
		Clock:       clock,
		ExpiryCalculator: otter.ExpiryCreatingFunc(func(e otter.Entry[digest, domain.Claims]) time.Duration {
			left := e.Value.ExpiresAt.Sub(time.Unix(0, e.SnapshotAtNano))
			return max(left, 1) // the cache takes anything less for "never"
		}),
	})}
}

func (c *cache) get(key digest) (domain.Claims, bool) { return c.entries.GetIfPresent(key) }

func (c *cache) put(key digest, claims domain.Claims) { c.entries.SetIfAbsent(key, claims) }

// wallClock never ticks, so the cache keeps no goroutine that somebody would have to stop: what has expired is not found, and
// is cleared away by the reads and writes that follow.
type wallClock struct{}

func (wallClock) NowNano() int64 { return time.Now().UnixNano() }

func (wallClock) Tick(time.Duration) <-chan time.Time { return nil }
