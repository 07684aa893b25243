package sqlstore

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"
)

// sweepEvents looks at the first events that may go and no further, as nothing but the id puts events in order: among
// those that are old all but those of a clock put right since are found.
const sweepEvents = `
WITH oldest AS (
	SELECT e.id, e.occurred_at FROM outbox_events e
	WHERE NOT EXISTS (SELECT 1 FROM outbox_pending p WHERE p.shard = e.shard AND p.id = e.id) AND` + notDeadOrHeld + `
	ORDER BY e.id LIMIT ?
)
DELETE FROM outbox_events WHERE id IN (SELECT id FROM oldest WHERE occurred_at < ?)`

// dropDecided drops the dead letters whose events are gone. Those that nobody has decided on are never gone.
const dropDecided = `
DELETE FROM outbox_dead
WHERE resolved_by IS NOT NULL AND NOT EXISTS (SELECT 1 FROM outbox_events e WHERE e.id = outbox_dead.id)`

// Sweep is ports.OutboxArchive's. "Oldest" goes by the order in which the events were kept.
func (o *Outbox) Sweep(ctx context.Context, before time.Time, limit int) (int64, error) {
	var count int64
	err := o.db.write(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := o.keepSweepersOut(ctx, tx); err != nil {
			return err
		}
		var err error
		count, err = affected(tx.NewRaw(sweepEvents, limit, o.db.instant(before)).Exec(ctx))
		if err != nil || count == 0 {
			return err
		}
		_, err = tx.NewRaw(dropDecided).Exec(ctx)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("sweep events: %w", err)
	}
	return count, nil
}
