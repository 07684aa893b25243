package sqlstore

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

const (
	eventsOfUser = `
SELECT event_id, type, schema_version, subject, aggregate_id, aggregate_version, occurred_at, data, headers
FROM outbox_events WHERE id IN (
	SELECT id FROM outbox_events WHERE aggregate_id = $1 UNION ALL SELECT id FROM outbox_events WHERE about = $1)
ORDER BY aggregate_id <> $1, aggregate_version, id`

	forgetEvents = `
DELETE FROM outbox_events WHERE id IN (
	SELECT e.id FROM outbox_events e
	WHERE e.aggregate_id = ? AND e.aggregate_version < ?
	AND NOT EXISTS (SELECT 1 FROM outbox_pending p WHERE p.shard = e.shard AND p.id = e.id) AND` + notDeadOrHeld + `)`

	countWaiting = `
SELECT count(*) FROM outbox_events e JOIN outbox_pending p ON p.shard = e.shard AND p.id = e.id
WHERE e.aggregate_id = ? AND e.aggregate_version < ? AND` + notDeadOrHeld

	ofPushed = ` FROM outbox_events e WHERE e.about = ? AND` + notDeadOrHeld + `)`

	dropPushed   = `DELETE FROM outbox_pending WHERE (shard, id) IN (SELECT e.shard, e.id` + ofPushed
	forgetPushed = `DELETE FROM outbox_events WHERE id IN (SELECT e.id` + ofPushed
)

var (
	_ ports.EventHistory = (*Outbox)(nil)
	_ ports.EventEraser  = (*Outbox)(nil)
)

// EventsOf is ports.EventHistory's.
func (o *Outbox) EventsOf(ctx context.Context, user domain.UserID) (messages []ports.Message, err error) {
	err = o.db.query(ctx, func(found rows) error {
		messages, err = readMessages(found)
		return err
	}, eventsOfUser, o.db.id(user.ID))
	if err != nil {
		return nil, fmt.Errorf("read events of user: %w", err)
	}
	return messages, nil
}

func readMessages(from rows) (messages []ports.Message, err error) {
	for from.Next() {
		var (
			message  ports.Message
			id, user idColumn
			at       timeColumn
			headers  []byte
		)
		err := from.Scan(&id, &message.Type, &message.SchemaVersion, &message.Subject, &user, &message.UserVersion, &at,
			&message.Data, &headers)
		if err != nil {
			return nil, err
		}
		if message.Headers, err = readHeaders(headers); err != nil {
			return nil, err
		}
		message.ID.ID, message.UserID.ID, message.At = domain.ID(id), domain.ID(user), time.Time(at)
		messages = append(messages, message)
	}
	return messages, nil
}

// Forget is ports.EventEraser's. It waits for a Drain at work on the shards concerned: the events in its hands are about to be
// published, with the last one among them as a rule, and would else be taken for some that wait. On SQLite it waits for what this
// process sends again, on PostgreSQL for what any does.
func (o *Outbox) Forget(ctx context.Context, user domain.UserID, below int64) error {
	err := o.withoutReplays(ctx, func() error { return o.forget(ctx, user, below) })
	if err != nil {
		return fmt.Errorf("forget events of user: %w", err)
	}
	return nil
}

func (o *Outbox) forget(ctx context.Context, user domain.UserID, below int64) error {
	id, waiting := o.db.id(user.ID), 0
	err := o.alone(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := o.keepReplaysOut(ctx, tx); err != nil {
			return err
		}
		err := o.lockShards(ctx, tx, "WHERE shard = ? OR shard IN (SELECT shard FROM outbox_events WHERE about = ?)",
			shardOf(user, o.db.shards), id)
		if err != nil {
			return err
		}
		if _, err := tx.NewRaw(forgetEvents, id, below).Exec(ctx); err != nil {
			return err
		}
		if _, err := tx.NewRaw(dropPushed, id).Exec(ctx); err != nil {
			return err
		}
		if _, err := tx.NewRaw(forgetPushed, id).Exec(ctx); err != nil {
			return err
		}
		if _, err := tx.NewRaw(dropDecided).Exec(ctx); err != nil {
			return err
		}
		if _, err := tx.NewRaw(endReplaysOf, o.db.instant(o.options.Clock()), id).Exec(ctx); err != nil {
			return err
		}
		return tx.NewRaw(countWaiting, id, below).Scan(ctx, &waiting)
	})
	if err == nil && waiting > 0 {
		err = ports.ErrEventsWait
	}
	return err
}
