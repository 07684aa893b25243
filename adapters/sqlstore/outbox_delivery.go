package sqlstore

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/menjin-id/menjin/ports"
)

// takeEvents takes the oldest rows, from the first that the lease saw. Where others had the shard since, which the turn and
// the last published id tell, events may wait again below that one: then it begins just below the last published id, which
// whoever makes events wait again lowers. "Behind" are events of a user who is held; "late" is a user's event whose
// predecessor waits too, but lies below where the search began: it may not overtake that.
const takeEvents = `
WITH start AS MATERIALIZED (
	SELECT LEAST($2::bigint - 1, CASE WHEN at.turn = $5 AND at.last_id >= $6::bigint THEN $2::bigint ELSE at.last_id - $4::bigint END) AS after
	FROM ` + positions + ` WHERE at.shard = $1
), taken AS (
	DELETE FROM outbox_pending WHERE ctid = ANY (ARRAY(
		SELECT ctid FROM outbox_pending WHERE shard = $1 AND id > (SELECT after FROM start) ORDER BY id LIMIT $3))
	RETURNING id
)
SELECT e.id, e.event_id, e.type, e.schema_version, e.subject, e.aggregate_id, e.aggregate_version, e.occurred_at, e.data, e.headers,
	CASE WHEN (SELECT EXISTS (SELECT FROM outbox_held)) THEN EXISTS (
		SELECT FROM outbox_held h WHERE h.aggregate_id = e.aggregate_id AND h.dead_id <= e.id)
	ELSE false END AS behind,
	CASE WHEN e.aggregate_version > 1 AND (SELECT after FROM start) > 0 THEN EXISTS (
		SELECT FROM outbox_events b JOIN outbox_pending p ON p.shard = b.shard AND p.id = b.id
		WHERE b.aggregate_id = e.aggregate_id AND b.aggregate_version = e.aggregate_version - 1
			AND b.shard = $1 AND b.id <= (SELECT after FROM start))
	ELSE false END AS late
FROM taken JOIN outbox_events e ON e.id = taken.id
ORDER BY e.id`

// delivery is what a Drain took from a shard.
type delivery struct {
	events []ports.OutboxEvent // to be published
	ids    []int64             // the ids of those, and of the ones behind a dead letter
	late   bool                // an event is older than one of the same user that was taken, and was not found by the search

	words map[string]string
}

func newDelivery(limit int) *delivery {
	limit = min(limit, 16) // most deliveries are far below their limit
	return &delivery{
		events: make([]ports.OutboxEvent, 0, limit), ids: make([]int64, 0, limit), words: make(map[string]string),
	}
}

// last returns the highest id that was taken, which the caller knows to be one at least.
func (d *delivery) last() int64 { return d.ids[len(d.ids)-1] }

// published returns the ids of the events that were to be published.
func (d *delivery) published() []int64 {
	ids := make([]int64, 0, len(d.events))
	for _, event := range d.events {
		ids = append(ids, event.ID)
	}
	return ids
}

// word returns text as a string, the same one for the same text: the events of a delivery have few types.
func (d *delivery) word(text []byte) string {
	if word, ok := d.words[string(text)]; ok {
		return word
	}
	word := string(text)
	d.words[word] = word
	return word
}

// readHeaders reads the JSON object of an event's headers.
func readHeaders(text []byte) (map[string]string, error) {
	if len(text) <= len("{}") {
		return nil, nil
	}
	var headers map[string]string
	if err := json.Unmarshal(text, &headers); err != nil {
		return nil, fmt.Errorf("headers of an event: %w", err)
	}
	return headers, nil
}

// takeDelivery takes the oldest events of a leased shard on PostgreSQL, and completes the lease.
func (o *Outbox) takeDelivery(ctx context.Context, conn *pgxpool.Conn, lease *lease, limit int) (taken *delivery, err error) {
	batch := &pgx.Batch{}
	batch.Queue(shardPositions).Query(lease.readPositions)
	batch.Queue(takeEvents, lease.shard, lease.first, limit, o.options.Slack, lease.turn, lease.lastID).Query(func(rows pgx.Rows) error {
		taken, err = readDelivery(rows, limit)
		return err
	})
	if err := conn.SendBatch(ctx, batch).Close(); err != nil {
		return nil, err
	}
	return taken, nil
}

func readDelivery(rows pgx.Rows, limit int) (*delivery, error) {
	d := newDelivery(limit)
	var (
		event        ports.OutboxEvent
		kind, extra  pgtype.DriverBytes
		behind, late bool
	)
	into := []any{
		&event.ID, (*[16]byte)(&event.Message.ID.ID), &kind, &event.SchemaVersion, &event.Subject, (*[16]byte)(&event.UserID.ID),
		&event.UserVersion, &event.At, &event.Data, &extra, &behind, &late,
	}
	for rows.Next() {
		event.Data = nil
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		event.At = event.At.UTC()
		d.late = d.late || late
		if err := d.add(event, kind, extra, behind); err != nil {
			return nil, err
		}
	}
	return d, rows.Err()
}

// add takes the next event, which is not published when it is behind a dead letter.
func (d *delivery) add(event ports.OutboxEvent, kind, extra []byte, behind bool) (err error) {
	d.ids = append(d.ids, event.ID)
	if behind {
		return nil
	}
	event.Type = d.word(kind)
	event.Headers, err = readHeaders(extra)
	d.events = append(d.events, event)
	return err
}
