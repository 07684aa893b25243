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

// notDeadOrHeld picks those of the events e that may go out, or have.
const notDeadOrHeld = `
NOT EXISTS (SELECT 1 FROM outbox_dead d WHERE d.id = e.id AND d.resolved_by IS NULL)
AND NOT EXISTS (SELECT 1 FROM outbox_held h WHERE h.aggregate_id = e.aggregate_id AND h.dead_id <= e.id)`

// Position is ports.OutboxLedger's.
func (o *Outbox) Position(ctx context.Context) (position ports.StreamPosition, err error) {
	var sequence int64
	err = o.db.read().QueryRowContext(ctx,
		"SELECT stream, last_stream_seq FROM "+o.positions()+" ORDER BY last_stream_seq DESC, shard LIMIT 1").
		Scan(&position.Stream, &sequence)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return position, fmt.Errorf("read the stream's position: %w", translate(err))
	}
	position.Sequence = uint64(sequence)
	return position, nil
}

// Requeue is ports.OutboxLedger's. It waits for the Drains at work and lets none begin, so that the older events that wait
// again go out before newer ones.
func (o *Outbox) Requeue(ctx context.Context, after domain.EventID, margin int64, position ports.StreamPosition) (int64, error) {
	var count int64
	err := o.alone(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := o.keepSweepersOut(ctx, tx); err != nil {
			return err
		}
		if err := o.lockShards(ctx, tx, ""); err != nil {
			return err
		}
		floor, err := o.floor(ctx, tx, after, margin)
		if err != nil {
			return err
		}
		count, err = affected(tx.NewRaw(`
INSERT INTO outbox_pending (shard, id) SELECT e.shard, e.id FROM outbox_events e WHERE e.id > ? AND`+notDeadOrHeld+` AND`+notDiscarded+`
ON CONFLICT DO NOTHING`, floor).Exec(ctx))
		if err != nil {
			return err
		}
		_, err = tx.NewRaw(`
UPDATE outbox_shards SET stream = ?0, last_stream_seq = ?1, last_id = CASE WHEN last_id > ?2 THEN ?2 ELSE last_id END`,
			position.Stream, int64(position.Sequence), floor).Exec(ctx)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("requeue events: %w", err)
	}
	o.metrics.requeues.Inc()
	o.metrics.requeued.Add(float64(count))
	return count, nil
}

// floor is the id above which events wait again.
func (o *Outbox) floor(ctx context.Context, tx bun.Tx, after domain.EventID, margin int64) (int64, error) {
	var id int64
	err := tx.QueryRowContext(ctx, "SELECT id FROM outbox_events WHERE event_id = ?", o.db.id(after.ID)).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return max(id-margin, 0), err
}

// keepSweepersOut holds one lock, until the transaction ends, in Requeue and Sweep alike: or an event could be swept, as one
// that waits no longer, at the moment it waits again. Both may take longer than a statement of a request may.
func (o *Outbox) keepSweepersOut(ctx context.Context, tx bun.Tx) error {
	if !o.db.isPostgres() {
		return nil // there is one writer
	}
	if _, err := tx.NewRaw("SET LOCAL statement_timeout = 0").Exec(ctx); err != nil {
		return err
	}
	_, err := tx.NewRaw("SELECT pg_advisory_xact_lock(hashtextextended('menjin outbox archive', 0))").Exec(ctx)
	return err
}
