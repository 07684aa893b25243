package ports

import (
	"context"
	"time"
)

// Rate is an allowance: Burst at once, and Burst again in each Per, evenly (GCRA, as in ITU-T I.371).
type Rate struct {
	Burst int
	Per   time.Duration
}

// RateLimiter counts what is done under a key, for all replicas that share it. Keys hold nothing personal in clear: callers
// hash what is. An entry goes by itself when it says nothing any more.
type RateLimiter interface {
	// Take spends one of the allowance of a key and returns zero, or spends nothing and returns how long to wait. Under a rate
	// with Burst 0 everything is allowed.
	Take(ctx context.Context, key string, rate Rate, now time.Time) (wait time.Duration, err error)
}

// AttemptCounter slows those down who guess. Each try is taken for a failure until Clear says otherwise, so that tries at the
// same time count like tries in a row.
type AttemptCounter interface {
	// Try counts a try under a key and returns zero, or, while the key must wait, counts nothing and returns how long. After
	// the first five in a row a try makes the next one wait 2 s, then 4 s, doubling up to 15 min. An hour without a try
	// forgets them all: nobody waits for ever.
	Try(ctx context.Context, key string, now time.Time) (wait time.Duration, err error)
	// Clear forgets the tries of a key, after a success.
	Clear(ctx context.Context, key string) error
}
