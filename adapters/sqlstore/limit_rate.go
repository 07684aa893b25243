package sqlstore

import (
	"context"
	"fmt"
	"time"

	"github.com/menjin-id/menjin/ports"
)

// takeAllowance moves on, by $3, the instant at which all of a key's allowance is there again, unless that would go beyond $4.
// The row remembers the outcome because a statement tells nothing of how a row was before. $5 is what a key without a row, or
// with nothing spent, moves on to.
const takeAllowance = `INSERT INTO rate_limits AS held (key, spent_until, wait) VALUES ($1, $5, 0)
ON CONFLICT (key) DO UPDATE SET
	spent_until = CASE
		WHEN held.spent_until <= $2 THEN $5
		WHEN held.spent_until + $3 <= $4 THEN held.spent_until + $3
		ELSE held.spent_until END,
	wait = CASE WHEN held.spent_until <= $2 OR held.spent_until + $3 <= $4 THEN 0 ELSE held.spent_until + $3 - $4 END
RETURNING wait`

// refusedAllowance tells how far beyond $4 of takeAllowance, here $3, a key would move.
const refusedAllowance = `SELECT spent_until + $2 - $3 FROM rate_limits WHERE key = $1 AND spent_until + $2 > $3`

// Limiter counts in the database, for installations without Redis.
type Limiter struct{ db *DB }

var (
	_ ports.RateLimiter = (*Limiter)(nil)
	_ ports.Archive     = (*Limiter)(nil)
)

// NewLimiter counts in db.
func NewLimiter(db *DB) *Limiter { return &Limiter{db} }

// Take is ports.RateLimiter's.
func (l *Limiter) Take(ctx context.Context, key string, rate ports.Rate, now time.Time) (time.Duration, error) {
	if rate.Burst == 0 {
		return 0, nil
	}
	at, share := now.UnixMicro(), max(rate.Per.Microseconds()/int64(rate.Burst), 1)
	id, most := digestOf(key), at+int64(rate.Burst)*share
	wait, err := l.db.count(ctx,
		step{statement: takeAllowance, args: []any{id, at, share, most, at + share}},
		step{statement: refusedAllowance, args: []any{id, share, most}})
	if err != nil {
		return 0, fmt.Errorf("take of an allowance: %w", err)
	}
	return wait, nil
}

// Sweep is ports.Archive's: it deletes what has nothing spent at the instant.
func (l *Limiter) Sweep(ctx context.Context, before time.Time, limit int) (int64, error) {
	count, err := l.db.sweep(ctx, "rate_limits", "key", "spent_until <= $1 LIMIT $2", before.UnixMicro(), limit)
	if err != nil {
		return 0, fmt.Errorf("sweep rate limits: %w", err)
	}
	return count, nil
}
