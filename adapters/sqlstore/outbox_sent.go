package sqlstore

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

const (
	// notDiscarded picks those of the events e that were not given up.
	notDiscarded = `
NOT EXISTS (SELECT 1 FROM outbox_dead g WHERE g.id = e.id AND g.resolved_by = 'discarded')`

	// published picks those of the events e that went out.
	published = `
NOT EXISTS (SELECT 1 FROM outbox_pending p WHERE p.shard = e.shard AND p.id = e.id) AND` + notDeadOrHeld + ` AND` + notDiscarded

	publishedEvents = `
SELECT e.id, e.event_id, e.aggregate_id, e.aggregate_version, e.occurred_at FROM outbox_events e
WHERE e.id > $1 AND` + published + ` ORDER BY e.id LIMIT $2`

	requeueEvents = `
INSERT INTO outbox_pending (shard, id) SELECT e.shard, e.id FROM outbox_events e WHERE e.event_id IN (?) AND` + published + `
ON CONFLICT DO NOTHING`

	// requeueChunk bounds the length of a statement.
	requeueChunk = 1000
)

var _ ports.PublishedEvents = (*Outbox)(nil)

// Published is ports.PublishedEvents'.
func (o *Outbox) Published(ctx context.Context, after int64, limit int) (events []ports.PublishedEvent, err error) {
	err = o.db.query(ctx, func(found rows) error {
		for found.Next() {
			var (
				event    ports.PublishedEvent
				id, user idColumn
				at       timeColumn
			)
			if err := found.Scan(&event.ID, &id, &user, &event.Version, &at); err != nil {
				return err
			}
			event.Event.ID, event.UserID.ID, event.At = domain.ID(id), domain.ID(user), time.Time(at)
			events = append(events, event)
		}
		return nil
	}, publishedEvents, after, limit)
	if err != nil {
		return nil, fmt.Errorf("read published events: %w", err)
	}
	return events, nil
}

// RequeueEvents is ports.PublishedEvents'. It waits for the Drains at work and lets none begin.
func (o *Outbox) RequeueEvents(ctx context.Context, events []domain.EventID, note domain.AuditEntry) (count int64, err error) {
	err = o.alone(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := o.keepSweepersOut(ctx, tx); err != nil {
			return err
		}
		if err := o.lockShards(ctx, tx, ""); err != nil {
			return err
		}
		lowest := int64(math.MaxInt64)
		for chunk := range slices.Chunk(events, requeueChunk) {
			requeued, first, err := o.requeueChunk(ctx, tx, chunk)
			if err != nil {
				return err
			}
			count, lowest = count+requeued, min(lowest, first)
		}
		if _, err := tx.NewRaw(lowerLast, lowest-1).Exec(ctx); err != nil {
			return err
		}
		return o.db.note(ctx, tx, note)
	})
	if err != nil {
		return 0, fmt.Errorf("requeue single events: %w", err)
	}
	if count > 0 {
		o.db.onCommit()
	}
	return count, nil
}

// requeueChunk returns how many wait again, and the lowest id that one of them may have.
func (o *Outbox) requeueChunk(ctx context.Context, tx bun.Tx, events []domain.EventID) (count, lowest int64, err error) {
	ids := make([]any, 0, len(events))
	for _, event := range events {
		ids = append(ids, o.db.id(event.ID))
	}
	err = tx.NewRaw("SELECT COALESCE(min(id), 9223372036854775807) FROM outbox_events WHERE event_id IN (?)", bun.List(ids)).Scan(ctx, &lowest)
	if err != nil {
		return 0, 0, err
	}
	count, err = affected(tx.NewRaw(requeueEvents, bun.List(ids)).Exec(ctx))
	return count, lowest, err
}
