package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/menjin-id/menjin/ports"
)

const (
	shardSQLite = `
SELECT shard, last_id, stream, last_stream_seq FROM outbox_shards
WHERE NOT paused AND (backoff_until IS NULL OR backoff_until <= ? OR backoff_until > ?)`

	waitingSQLite = `
SELECT e.id, e.event_id, e.type, e.schema_version, e.subject, e.aggregate_id, e.aggregate_version, e.occurred_at, e.data, e.headers,
	EXISTS (SELECT 1 FROM outbox_held h WHERE h.aggregate_id = e.aggregate_id AND h.dead_id <= e.id)
FROM outbox_pending p JOIN outbox_events e ON e.id = p.id
WHERE p.shard = ? ORDER BY p.id LIMIT ?`

	settledSQLite = `
DELETE FROM outbox_pending WHERE shard = ? AND id IN (SELECT value FROM json_each(?)) AND (
	id IN (SELECT value FROM json_each(?)) OR EXISTS (
		SELECT 1 FROM outbox_events e JOIN outbox_held h ON h.aggregate_id = e.aggregate_id AND h.dead_id <= e.id
		WHERE e.id = outbox_pending.id))`
)

// drainSQLite keeps everybody else from the shard by the turn alone: while events are published the database can be written.
func (o *Outbox) drainSQLite(ctx context.Context, limit int, publish ports.Publish) (ports.Drained, error) {
	if err := ctx.Err(); err != nil {
		return ports.Drained{}, err
	}
	select {
	case o.working <- struct{}{}:
		defer func() { <-o.working }()
	default:
		return ports.Drained{Busy: true}, nil
	}
	for {
		drained, again, err := o.drainTurn(ctx, limit, publish)
		if !again {
			return drained, err
		}
	}
}

// drainTurn reports again when all that it took were events behind a dead letter.
func (o *Outbox) drainTurn(ctx context.Context, limit int, publish ports.Publish) (drained ports.Drained, again bool, err error) {
	found, err := o.workableSQLite(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return drained, false, nil
	}
	if err != nil {
		return drained, false, fmt.Errorf("look for work: %w", translate(err))
	}
	drained.Shard = found.shard
	waiting, err := o.waitingSQLite(ctx, found.shard, limit)
	if err != nil {
		return drained, false, fmt.Errorf("read events: %w", translate(err))
	}
	if len(waiting.ids) == 0 {
		return drained, false, nil
	}
	drained.Events, drained.Full = len(waiting.events), len(waiting.ids) == limit
	position := found.recorded
	if len(waiting.events) > 0 {
		deadline := time.Now().Add(o.options.PublishWithin)
		position, err = publishUntil(ctx, deadline, found.recorded, waiting.events, publish)
		if err != nil {
			return drained, false, err
		}
	}
	err = o.settleSQLite(ctx, found, waiting, position)
	return drained, err == nil && len(waiting.events) == 0, err
}

func (o *Outbox) workableSQLite(ctx context.Context) (found lease, err error) {
	now := o.options.Clock()
	row := o.db.read().QueryRowContext(ctx, shardSQLite, o.db.instant(now), o.db.instant(now.Add(ports.LongestDelay)))
	err = row.Scan(&found.shard, &found.lastID, &found.recorded.Stream, &found.recorded.Sequence)
	return found, err
}

func (o *Outbox) waitingSQLite(ctx context.Context, shard, limit int) (*delivery, error) {
	rows, err := o.db.read().QueryContext(ctx, waitingSQLite, shard, limit)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // Err has told what can be told
	d := newDelivery(limit)
	var (
		event                 ports.OutboxEvent
		id, user, kind, extra sql.RawBytes
		micros                int64
		behind                bool
	)
	into := []any{
		&event.ID, &id, &kind, &event.SchemaVersion, &event.Subject, &user, &event.UserVersion, &micros, &event.Data, &extra, &behind,
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		copy(event.Message.ID.ID[:], id)
		copy(event.UserID.ID[:], user)
		event.At = time.UnixMicro(micros).UTC()
		if err := d.add(event, kind, extra, behind); err != nil {
			return nil, err
		}
	}
	return d, rows.Err()
}

// settleSQLite takes the events out of the queue, those alone: others may wait between them by now. Of those behind a dead
// letter it leaves what is behind it no longer: another program may have decided on the letter meanwhile.
func (o *Outbox) settleSQLite(ctx context.Context, found lease, done *delivery, position ports.StreamPosition) error {
	ctx, cancel := o.finishing(ctx)
	defer cancel()
	position = found.reached(position)
	ids, err := json.Marshal(done.ids)
	if err != nil {
		return fmt.Errorf("list events: %w", err)
	}
	published, err := json.Marshal(done.published())
	if err != nil {
		return fmt.Errorf("list events: %w", err)
	}
	err = o.db.write(ctx, func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewRaw(settledSQLite, found.shard, string(ids), string(published)).Exec(ctx)
		if err != nil {
			return err
		}
		_, err = tx.NewRaw("UPDATE outbox_shards SET last_id = ?, stream = ?, last_stream_seq = ? WHERE shard = ?",
			max(found.lastID, done.last()), position.Stream, int64(position.Sequence), found.shard).Exec(ctx)
		return err
	})
	if err != nil {
		return fmt.Errorf("record what was published: %w", err)
	}
	return nil
}

// alone runs change while no Drain of this Outbox is at work on SQLite. On PostgreSQL the shards' rows are locked for that.
func (o *Outbox) alone(ctx context.Context, change func(ctx context.Context, tx bun.Tx) error) error {
	if !o.db.isPostgres() {
		select {
		case o.working <- struct{}{}:
			defer func() { <-o.working }()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return o.db.write(ctx, change)
}
