package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

const (
	decideDead = `UPDATE outbox_dead SET resolved_by = ? WHERE id = ? AND resolved_by IS NULL`

	// A user without another dead letter is held up to an id that no event reaches.
	nextDead = `
SELECT COALESCE(min(id), 9223372036854775807) FROM outbox_dead
WHERE resolved_by IS NULL AND id IN (SELECT id FROM outbox_events WHERE aggregate_id = ?)`

	// What was given up while it lay behind the dead letter does not come again.
	freeHeld = `
INSERT INTO outbox_pending (shard, id)
SELECT e.shard, e.id FROM outbox_events e WHERE e.aggregate_id = ? AND e.id >= ? AND e.id < ? AND` + notDiscarded + `
ON CONFLICT DO NOTHING`

	moveHeld = `UPDATE outbox_held SET dead_id = ? WHERE aggregate_id = ?`
	endHeld  = `DELETE FROM outbox_held WHERE aggregate_id = ? AND dead_id = 9223372036854775807`

	lowerLast = `UPDATE outbox_shards SET last_id = ?0 WHERE last_id > ?0`
)

// letter is a dead letter to be decided on.
type letter struct {
	id    int64
	shard int
	user  any // as the driver has it
}

// Retry is ports.DeadLetters'. It waits for a Drain at work on the shard. A letter behind another one of its user waits for
// the decision on that.
func (o *Outbox) Retry(ctx context.Context, event domain.EventID, note domain.AuditEntry) error {
	return o.decide(ctx, event, ports.Retried, note)
}

// Discard is ports.DeadLetters'. It waits for a Drain at work on the shard.
func (o *Outbox) Discard(ctx context.Context, event domain.EventID, note domain.AuditEntry) error {
	return o.decide(ctx, event, ports.Discarded, note)
}

func (o *Outbox) decide(ctx context.Context, event domain.EventID, decision ports.Resolution, note domain.AuditEntry) error {
	err := o.alone(ctx, func(ctx context.Context, tx bun.Tx) error {
		found, err := o.letter(ctx, tx, event)
		if err != nil {
			return err
		}
		if err := o.lockShards(ctx, tx, "WHERE shard = ?", found.shard); err != nil {
			return err
		}
		decided, err := affected(tx.NewRaw(decideDead, string(decision), found.id).Exec(ctx))
		if err == nil && decided == 0 {
			err = domain.ErrNotFound
		}
		if err != nil {
			return err
		}
		if err := o.release(ctx, tx, found); err != nil {
			return err
		}
		return o.db.note(ctx, tx, note)
	})
	if err != nil {
		return fmt.Errorf("note event %s as %s: %w", event, decision, err)
	}
	o.db.onCommit()
	return nil
}

func (o *Outbox) letter(ctx context.Context, tx bun.Tx, event domain.EventID) (found letter, err error) {
	err = tx.QueryRowContext(ctx, "SELECT id, shard, aggregate_id FROM outbox_events WHERE event_id = ?", o.db.id(event.ID)).
		Scan(&found.id, &found.shard, &found.user)
	if errors.Is(err, sql.ErrNoRows) {
		err = domain.ErrNotFound
	}
	return found, err
}

// release makes the user's events wait that nothing holds any more, from the letter on; there are none when an earlier dead
// letter holds them. The relays' searches are to begin below them. Events that are committed at the same moment bring a
// pending row of their own, and have higher ids.
func (o *Outbox) release(ctx context.Context, tx bun.Tx, decided letter) error {
	var next int64
	if err := tx.QueryRowContext(ctx, nextDead, decided.user).Scan(&next); err != nil {
		return err
	}
	if _, err := tx.NewRaw(freeHeld, decided.user, decided.id, next).Exec(ctx); err != nil {
		return err
	}
	if _, err := tx.NewRaw(moveHeld, next, decided.user).Exec(ctx); err != nil {
		return err
	}
	if _, err := tx.NewRaw(endHeld, decided.user).Exec(ctx); err != nil {
		return err
	}
	_, err := tx.NewRaw(lowerLast+" AND shard = ?1", decided.id-1, decided.shard).Exec(ctx)
	return err
}
