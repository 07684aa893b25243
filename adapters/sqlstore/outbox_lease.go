package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/menjin-id/menjin/ports"
)

// What waits in a shard, from the beginning ($2, $3: whether all shards, or which ones, need not be searched from there) or
// from just below the last published id.
const (
	workableShard = `
FROM outbox_shards s JOIN ` + positions + ` ON at.shard = s.shard CROSS JOIN LATERAL (
	SELECT p.id FROM outbox_pending p WHERE p.shard = s.shard
		AND p.id > CASE WHEN $2::boolean OR s.shard = ANY ($3::integer[]) THEN at.last_id - $4::bigint ELSE 0 END
	ORDER BY p.id LIMIT 1
) w
WHERE NOT s.paused AND (s.backoff_until IS NULL OR s.backoff_until <= $1 OR s.backoff_until > $5)`

	leaseShard = `
SELECT s.shard, w.id, at.last_id, COALESCE(at.turn, 0)` + workableShard + `
ORDER BY s.shard < $6, s.shard
LIMIT 1 FOR UPDATE OF s SKIP LOCKED`

	anyWorkable = `SELECT EXISTS (SELECT` + workableShard + `)`

	// A commit that a crash undoes makes events go out twice, which the stream notices, so none waits for the disk. The others
	// are for plans made once and kept: made while a table was empty, they must not read all of it when it has grown.
	relaySettings = `SELECT set_config('idle_in_transaction_session_timeout', $1, true),
	set_config('synchronous_commit', 'off', true), set_config('jit', 'off', true),
	set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true)`
)

// lease is a shard that nobody else works until the transaction on the connection ends.
type lease struct {
	shard    int
	first    int64 // the lowest id that waited when the shard was searched
	lastID   int64
	stream   string               // where the shard published last
	turn     int64                // of its newest row of progress
	recorded ports.StreamPosition // by any shard
}

// reached is where the stream is known to end once publish has returned a position: further back when it knew all events.
func (l *lease) reached(position ports.StreamPosition) ports.StreamPosition {
	if position.Stream == l.recorded.Stream && position.Sequence < l.recorded.Sequence {
		return l.recorded
	}
	return position
}

// leaseShard begins a transaction and returns pgx.ErrNoRows when no shard that has work is free. What others did while it
// waited for the shard is not to be seen in the lease yet.
func (o *Outbox) leaseShard(ctx context.Context, conn *pgxpool.Conn) (lease, error) {
	now, began := o.options.Clock(), time.Now()
	next, recent, all := o.rotation.turn(now)
	var found lease
	batch := &pgx.Batch{}
	batch.Queue("BEGIN")
	batch.Queue(relaySettings, strconv.FormatInt(o.options.TakeOverAfter.Milliseconds(), 10))
	batch.Queue(leaseShard, now, all, recent, o.options.Slack, now.Add(ports.LongestDelay), next).QueryRow(func(row pgx.Row) error {
		return row.Scan(&found.shard, &found.first, &found.lastID, &found.turn)
	})
	err := conn.SendBatch(ctx, batch).Close()
	searched := span{now, now.Add(o.options.untilFullScan(time.Since(began)))}
	switch {
	case err == nil && !all && !slices.Contains(recent, int32(found.shard)):
		o.rotation.found(found.shard, searched)
	case errors.Is(err, pgx.ErrNoRows) && !all:
		o.rotation.foundNone(searched)
	}
	return found, err
}

// busy tells shards that others work from shards without work.
func (o *Outbox) busy(ctx context.Context, conn *pgxpool.Conn) (busy bool, err error) {
	now := o.options.Clock()
	_, recent, all := o.rotation.turn(now)
	err = conn.QueryRow(ctx, anyWorkable, now, all, recent, o.options.Slack, now.Add(ports.LongestDelay)).Scan(&busy)
	if err != nil {
		return false, fmt.Errorf("look for shards: %w", translate(err))
	}
	return busy, nil
}
