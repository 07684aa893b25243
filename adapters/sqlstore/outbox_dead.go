package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/menjin-id/menjin/domain"
)

// Held events have no rows of their own: they are those of a user in outbox_held from the dead one on, and whatever row
// waits for one of them is dropped, here or by the Drain that comes across it.
const (
	insertDead = `
INSERT INTO outbox_dead AS dead (id, reason, attempts, first_failed_at, last_failed_at) VALUES (?0, ?1, 1, ?2, ?2)
ON CONFLICT (id) DO UPDATE SET
	reason = excluded.reason, attempts = dead.attempts + 1, last_failed_at = excluded.last_failed_at, resolved_by = NULL`

	insertHeld = `
INSERT INTO outbox_held AS held (aggregate_id, dead_id, held_since) VALUES (?, ?, ?)
ON CONFLICT (aggregate_id) DO UPDATE SET dead_id = excluded.dead_id WHERE excluded.dead_id < held.dead_id`

	dropHeld = `
DELETE FROM outbox_pending WHERE shard = ? AND id IN (SELECT id FROM outbox_events WHERE aggregate_id = ? AND id > ?)`
)

// Bury is ports.OutboxQueue's. It waits for a Drain at work on the shard, and leaves alone an event that does not wait: it
// was buried before, or published after all.
func (o *Outbox) Bury(ctx context.Context, event domain.EventID, reason string, now time.Time) error {
	err := o.alone(ctx, func(ctx context.Context, tx bun.Tx) error {
		var (
			id, shard int64
			user      any // as the driver has it
		)
		row := tx.QueryRowContext(ctx, "SELECT id, shard, aggregate_id FROM outbox_events WHERE event_id = ?", o.db.id(event.ID))
		if err := row.Scan(&id, &shard, &user); errors.Is(err, sql.ErrNoRows) {
			return nil
		} else if err != nil {
			return err
		}
		if err := o.lockShards(ctx, tx, "WHERE shard = ?", shard); err != nil {
			return err
		}
		taken, err := affected(tx.NewRaw("DELETE FROM outbox_pending WHERE shard = ? AND id = ?", shard, id).Exec(ctx))
		if err != nil || taken == 0 {
			return err
		}
		at := o.db.instant(now)
		if _, err := tx.NewRaw(insertDead, id, reason, at).Exec(ctx); err != nil {
			return err
		}
		if _, err := tx.NewRaw(insertHeld, user, id, at).Exec(ctx); err != nil {
			return err
		}
		_, err = tx.NewRaw(dropHeld, shard, user, id).Exec(ctx)
		return err
	})
	if err != nil {
		return fmt.Errorf("bury event %s: %w", event, err)
	}
	return nil
}

func affected(result sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}
