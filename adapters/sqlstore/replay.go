package sqlstore

import (
	"context"
	"fmt"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

const (
	replayColumns = `id, requested_at, from_id, to_id, type, aggregate_id, since, until, destination, next_id, last_id, sent,
	finished_at, failure, failures`

	insertReplay = `INSERT INTO outbox_replays (id, requested_at, from_id, to_id, type, aggregate_id, since, until, destination,
	next_id, last_id)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`

	newestReplays = `SELECT ` + replayColumns + ` FROM outbox_replays ORDER BY requested_at DESC, id DESC LIMIT $1`

	replaysDue = `SELECT ` + replayColumns + ` FROM outbox_replays
WHERE finished_at IS NULL AND (not_before IS NULL OR not_before <= $1 OR not_before > $2) ORDER BY requested_at, id`

	lockReplay = replaysDue + ` LIMIT 1 FOR UPDATE SKIP LOCKED`

	noteReplay = `UPDATE outbox_replays SET next_id = $2, sent = $3, finished_at = $4, failure = $5, failures = $6, not_before = $7
WHERE id = $1 AND finished_at IS NULL`

	countReplays = `SELECT count(*) FROM outbox_replays WHERE finished_at IS NULL`

	cancelReplay = `UPDATE outbox_replays SET finished_at = $2, failure = 'cancelled' WHERE id = $1 AND finished_at IS NULL`
)

// Replays is the finished replays as they are swept.
type Replays struct{ db *DB }

var _ ports.ReplayArchive = (*Replays)(nil)

// NewReplays sweeps the replays of db.
func NewReplays(db *DB) *Replays { return &Replays{db} }

// Sweep is ports.ReplayArchive's.
func (r *Replays) Sweep(ctx context.Context, before time.Time, limit int) (int64, error) {
	count, err := r.db.sweep(ctx, "outbox_replays", "id",
		"finished_at IS NOT NULL AND requested_at < $1 ORDER BY requested_at LIMIT $2", r.db.instant(before), limit)
	if err != nil {
		return 0, fmt.Errorf("sweep replays: %w", err)
	}
	return count, nil
}

func (db *DB) replayRow(replay ports.Replay) []any {
	filter := replay.Filter
	return []any{
		db.id(replay.ID), db.instant(replay.RequestedAt), filter.FromID, filter.ToID, filter.Type, db.idOrNull(filter.User.ID),
		db.instant(filter.Since), db.instant(filter.Until), replay.To, replay.Next, replay.Last,
	}
}

// storedReplay is a replay with what it is left alone by.
type storedReplay struct {
	ports.Replay
	failures  int // in a row
	notBefore time.Time
}

func readReplays(from rows) (replays []storedReplay, err error) {
	for from.Next() {
		var (
			replay                            storedReplay
			filter                            = &replay.Filter
			id, user                          idColumn
			requested, since, until, finished timeColumn
		)
		err := from.Scan(&id, &requested, &filter.FromID, &filter.ToID, &filter.Type, &user, &since, &until, &replay.To,
			&replay.Next, &replay.Last, &replay.Sent, &finished, &replay.Failure, &replay.failures)
		if err != nil {
			return nil, err
		}
		replay.ID, filter.User.ID = domain.ID(id), domain.ID(user)
		replay.RequestedAt, replay.FinishedAt = time.Time(requested), time.Time(finished)
		filter.Since, filter.Until = time.Time(since), time.Time(until)
		replays = append(replays, replay)
	}
	return replays, nil
}
