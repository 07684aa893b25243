package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/menjin-id/menjin/ports"
)

// What waits in a shard, from the beginning ($2, $3: whether all shards, or which ones, were searched from there lately) or
// from just below the last published id.
const (
	workableShard = `
FROM outbox_shards s
WHERE NOT s.paused AND (s.backoff_until IS NULL OR s.backoff_until <= $1)
	AND (SELECT p.id FROM outbox_pending p WHERE p.shard = s.shard AND p.id > ` + searchAfter + ` ORDER BY p.id LIMIT 1) IS NOT NULL`

	searchAfter = `CASE WHEN $2::boolean OR s.shard = ANY ($3::integer[]) THEN s.last_id - $4::bigint ELSE 0 END`

	// The furthest position of any shard, because a stream that went back has lost what all of them published.
	leaseShard = `
SELECT s.shard, s.last_id, (SELECT f.stream` + furthestShard + `), (SELECT f.last_stream_seq` + furthestShard + `),
	` + searchAfter + workableShard + `
ORDER BY s.shard < $5, s.shard
LIMIT 1 FOR UPDATE OF s SKIP LOCKED`

	furthestShard = ` FROM outbox_shards f ORDER BY f.last_stream_seq DESC, f.shard LIMIT 1`

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
	lastID   int64
	recorded ports.StreamPosition // by any shard
	after    int64                // where the search for waiting events begins
}

// reached is where the stream is known to end once publish has returned a position: further back when it knew all events.
func (l *lease) reached(position ports.StreamPosition) ports.StreamPosition {
	if position.Stream == l.recorded.Stream && position.Sequence < l.recorded.Sequence {
		return l.recorded
	}
	return position
}

// leaseShard begins a transaction and returns pgx.ErrNoRows when no shard that has work is free.
func (o *Outbox) leaseShard(ctx context.Context, conn *pgxpool.Conn) (lease, error) {
	now := o.options.Clock()
	next, recent, all := o.rotation.turn(now, o.options.FullScanEvery)
	var (
		found    lease
		sequence int64
	)
	batch := &pgx.Batch{}
	batch.Queue("BEGIN")
	batch.Queue(relaySettings, strconv.FormatInt(o.options.TakeOverAfter.Milliseconds(), 10))
	batch.Queue(leaseShard, now, all, recent, o.options.Slack, next).QueryRow(func(row pgx.Row) error {
		return row.Scan(&found.shard, &found.lastID, &found.recorded.Stream, &sequence, &found.after)
	})
	err := conn.SendBatch(ctx, batch).Close()
	found.recorded.Sequence = uint64(sequence)
	found.after = max(found.after, 0)
	switch {
	case err == nil && found.after == 0:
		o.rotation.found(found.shard, now)
	case errors.Is(err, pgx.ErrNoRows) && !all:
		o.rotation.foundNone(now)
	}
	return found, err
}

// busy tells shards that others work from shards without work.
func (o *Outbox) busy(ctx context.Context, conn *pgxpool.Conn) (busy bool, err error) {
	_, recent, all := o.rotation.turn(o.options.Clock(), o.options.FullScanEvery)
	err = conn.QueryRow(ctx, anyWorkable, o.options.Clock(), all, recent, o.options.Slack).Scan(&busy)
	if err != nil {
		return false, fmt.Errorf("look for shards: %w", translate(err))
	}
	return busy, nil
}
