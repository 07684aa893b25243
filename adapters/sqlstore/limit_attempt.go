package sqlstore

import (
	"context"
	"fmt"
	"time"

	"github.com/menjin-id/menjin/ports"
)

// forgottenAfter is how long tries count.
const forgottenAfter = time.Hour

const (
	// triesNext is when the next try may come, by the number of tries before it.
	triesNext = `held.tried_at + CASE WHEN held.tries < 6 THEN 0 WHEN held.tries > 14 THEN 900000000
		ELSE 2000000 << (held.tries - 6) END`

	// takeTry counts unless $2, now, is too early; $3 is an hour before that.
	takeTry = `INSERT INTO attempts AS held (key, tries, tried_at, wait) VALUES ($1, 1, $2, 0)
ON CONFLICT (key) DO UPDATE SET
	tries = CASE WHEN ` + triesNext + ` > $2 THEN held.tries WHEN held.tried_at <= $3 THEN 1 ELSE held.tries + 1 END,
	tried_at = CASE WHEN ` + triesNext + ` > $2 THEN held.tried_at ELSE $2 END,
	wait = CASE WHEN ` + triesNext + ` > $2 THEN ` + triesNext + ` - $2 ELSE 0 END
RETURNING wait`

	refusedTry = `SELECT ` + triesNext + ` - $2 FROM attempts AS held WHERE key = $1 AND ` + triesNext + ` > $2`

	clearTries = `DELETE FROM attempts WHERE key = $1`
)

// Attempts counts tries in the database, for installations without Redis.
type Attempts struct{ db *DB }

var (
	_ ports.AttemptCounter = (*Attempts)(nil)
	_ ports.Archive        = (*Attempts)(nil)
)

// NewAttempts counts in db.
func NewAttempts(db *DB) *Attempts { return &Attempts{db} }

// Try is ports.AttemptCounter's.
func (a *Attempts) Try(ctx context.Context, key string, now time.Time) (time.Duration, error) {
	id, at := digestOf(key), now.UnixMicro()
	wait, err := a.db.count(ctx,
		step{statement: takeTry, args: []any{id, at, now.Add(-forgottenAfter).UnixMicro()}},
		step{statement: refusedTry, args: []any{id, at}})
	if err != nil {
		return 0, fmt.Errorf("count a try: %w", err)
	}
	return wait, nil
}

// Clear is ports.AttemptCounter's.
func (a *Attempts) Clear(ctx context.Context, key string) error {
	if _, err := a.db.exec(ctx, clearTries, digestOf(key)); err != nil {
		return fmt.Errorf("clear tries: %w", err)
	}
	return nil
}

// Sweep is ports.Archive's: it deletes what is forgotten at the instant.
func (a *Attempts) Sweep(ctx context.Context, before time.Time, limit int) (int64, error) {
	count, err := a.db.sweep(ctx, "attempts", "key", "tried_at <= $1 LIMIT $2", before.Add(-forgottenAfter).UnixMicro(), limit)
	if err != nil {
		return 0, fmt.Errorf("sweep tries: %w", err)
	}
	return count, nil
}
