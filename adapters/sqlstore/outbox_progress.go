package sqlstore

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/uptrace/bun"

	"github.com/menjin-id/menjin/ports"
)

// How far a shard is stands in a row of outbox_progress that each batch puts in the place of the one before, on top of what
// outbox_shards says: it counts as long as that says what it said then. On SQLite, which keeps no old versions of a row,
// outbox_shards has it all.
const (
	// positions is how far each shard is. turn is of its newest row, whether that counts or not.
	positions = `(
	SELECT s.shard, s.stream, w.turn,
		CASE WHEN w.stream = s.stream AND w.base_id = s.last_id AND w.base_seq = s.last_stream_seq
			THEN w.last_id ELSE s.last_id END AS last_id,
		CASE WHEN w.stream = s.stream AND w.base_id = s.last_id AND w.base_seq = s.last_stream_seq
			THEN w.last_stream_seq ELSE s.last_stream_seq END AS last_stream_seq
	FROM outbox_shards s LEFT JOIN LATERAL (
		SELECT * FROM outbox_progress p WHERE p.shard = s.shard ORDER BY p.turn DESC LIMIT 1
	) w ON true
) AS at`

	shardPositions = `
SELECT shard, stream, last_id, last_stream_seq, COALESCE(turn, 0) FROM ` + positions + ` ORDER BY last_stream_seq DESC, shard`

	recordPosition = `UPDATE outbox_shards SET last_id = $2, stream = $3, last_stream_seq = $4 WHERE shard = $1`

	recordProgress = `
WITH before AS (DELETE FROM outbox_progress WHERE shard = $1 AND turn = $2)
INSERT INTO outbox_progress (shard, stream, base_id, base_seq, last_id, last_stream_seq)
SELECT shard, stream, last_id, last_stream_seq, $3::bigint, $4::bigint FROM outbox_shards WHERE shard = $1`

	settlePositions = `
UPDATE outbox_shards AS s SET last_id = at.last_id, last_stream_seq = at.last_stream_seq
FROM ` + positions + ` WHERE at.shard = s.shard AND s.shard IN (?)`

	// A row stays, as a search for the newest would else go through all that are not cleaned up. It says what outbox_shards
	// says, or does not count, and its turn tells a relay that has looked for work already.
	settleProgress = `
UPDATE outbox_progress SET turn = DEFAULT, base_id = last_id, base_seq = last_stream_seq
WHERE (shard, turn) IN (SELECT shard, turn FROM ` + positions + ` WHERE shard IN (?))`

	// settleEvery is how often outbox_shards is brought up to date by the way. The release before reads nothing else: it may
	// not know of what the stream took in the last so many seconds of work, and so not notice that the stream has lost that,
	// as this release does. Every decision of an administrator, and taking the schema back, bring it up to date too.
	settleEvery = 5 * time.Second
)

// positions is the table, named at, of how far each shard is.
func (o *Outbox) positions() string {
	if o.db.isPostgres() {
		return positions
	}
	return "outbox_shards AS at"
}

// readPositions reads what the leased shard and the furthest of all have recorded: a stream that went back has lost what any
// of them published.
func (l *lease) readPositions(rows pgx.Rows) error {
	for furthest := true; rows.Next(); furthest = false {
		var (
			shard          int
			stream         string
			last, end, now int64
		)
		if err := rows.Scan(&shard, &stream, &last, &end, &now); err != nil {
			return err
		}
		if furthest {
			l.recorded = ports.StreamPosition{Stream: stream, Sequence: uint64(end)}
		}
		if shard == l.shard {
			l.stream, l.lastID, l.turn = stream, last, now
		}
	}
	return rows.Err()
}

// commit records how far the shard is and lets it go.
func (o *Outbox) commit(ctx context.Context, conn *pgxpool.Conn, lease *lease, taken *delivery, position ports.StreamPosition) error {
	position = lease.reached(position)
	last, end := max(lease.lastID, taken.last()), int64(position.Sequence)
	due := o.rotation.settle(lease.shard, o.options.Clock())
	ctx, cancel := o.finishing(ctx)
	defer cancel()
	batch := &pgx.Batch{}
	if due || position.Stream != lease.stream {
		batch.Queue(recordPosition, lease.shard, last, position.Stream, end)
	}
	batch.Queue(recordProgress, lease.shard, lease.turn, last, end)
	batch.Queue("COMMIT")
	if err := conn.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("record what was published: %w", translate(err))
	}
	return nil
}

// lockShards waits until no relay works the shards, and has outbox_shards say how far they are. SQLite's turn has seen to
// that.
func (o *Outbox) lockShards(ctx context.Context, tx bun.Tx, which string, args ...any) error {
	if !o.db.isPostgres() {
		return nil
	}
	var locked []int16
	err := tx.NewRaw("SELECT shard FROM outbox_shards "+which+" ORDER BY shard FOR UPDATE", args...).Scan(ctx, &locked)
	if err != nil || len(locked) == 0 {
		return err
	}
	for _, settle := range []string{settlePositions, settleProgress} {
		if _, err := tx.NewRaw(settle, bun.List(locked)).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}
