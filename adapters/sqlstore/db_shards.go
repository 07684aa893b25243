package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/uptrace/bun"
)

// ErrShards is matched by the error of Open when the outbox was divided by another number than Options.Shards and events of
// then are still to go out: those of a user that come now would lie in another shard, and overtake them.
var ErrShards = errors.New("the outbox is divided by another number, and cannot be divided anew now")

// errDivided is what appends meet where another process has divided the outbox anew.
var errDivided = errors.New("the outbox was divided anew since this process was started; start it again with the new events.shards")

const (
	// lockDivision is for those who start at once.
	lockDivision = `SELECT pg_advisory_xact_lock(hashtextextended('menjin outbox shards', 0))`

	// division tells the number that is kept, 0 for none, and how many rows there are, which is 0 in a new database.
	division = `
SELECT COALESCE((SELECT convert_from(value, 'UTF8')::integer FROM meta WHERE name = 'outbox shards'), 0), (SELECT count(*) FROM outbox_shards)`

	keepDivision = `
INSERT INTO meta AS kept (name, value) VALUES ('outbox shards', ?0) ON CONFLICT (name) DO UPDATE SET value = ?0 WHERE kept.value <> ?0`

	// shardAgreed is a new event's shard; null, which the table refuses, where the outbox has another number of them by now.
	shardAgreed = `(SELECT $6::smallint FROM meta WHERE name = 'outbox shards' AND value = $11)`

	unsettled = `SELECT (SELECT count(*) FROM outbox_pending), (SELECT count(*) FROM outbox_held)`

	// lockAppends waits for the transactions that have appended events or taken some, and lets no others do so.
	lockAppends = `LOCK TABLE outbox_pending IN SHARE ROW EXCLUSIVE MODE`

	// appendPatience bounds how long others may have to wait behind it.
	appendPatience = `SET LOCAL lock_timeout = '5s'`

	seedShards = `WITH RECURSIVE n (shard) AS (SELECT 0 UNION ALL SELECT shard + 1 FROM n WHERE shard + 1 < ?)
INSERT INTO outbox_shards (shard) SELECT shard FROM n WHERE true ON CONFLICT DO NOTHING`
)

// divide makes the rows by which relays share the outbox. On PostgreSQL it sees to it that all processes put a user's events
// into the same one.
func (db *DB) divide(ctx context.Context, keep bool) error {
	return db.write(ctx, func(ctx context.Context, tx bun.Tx) error {
		if db.isPostgres() {
			if err := db.agree(ctx, tx, keep); err != nil {
				return err
			}
		}
		_, err := tx.NewRaw(seedShards, db.shards).Exec(ctx)
		return err
	})
}

// agree takes the number that the database has, or gives it this one.
func (db *DB) agree(ctx context.Context, tx bun.Tx, keep bool) error {
	if _, err := tx.NewRaw(lockDivision).Exec(ctx); err != nil {
		return err
	}
	var before, rows int
	if err := tx.NewRaw(division).Scan(ctx, &before, &rows); err != nil {
		return err
	}
	// A release that kept no number made as many rows as it divided by and left those of earlier times, when there may have been
	// more: only where it made fewer is it certain that it divided by another number.
	if before == 0 && (rows < db.shards || keep) {
		before = rows
	}
	switch {
	case before == 0 || before == db.shards:
	case keep:
		db.shards = before
	default:
		if err := db.divideAnew(ctx, tx, before); err != nil {
			return err
		}
	}
	_, err := tx.NewRaw(keepDivision, db.division()).Exec(ctx)
	return err
}

// divideAnew looks before it holds anybody up, and again when nobody can append any more.
func (db *DB) divideAnew(ctx context.Context, tx bun.Tx, before int) error {
	if err := db.checkSettled(ctx, tx, before); err != nil {
		return err
	}
	for _, statement := range []string{appendPatience, lockAppends} {
		if _, err := tx.NewRaw(statement).Exec(ctx); err != nil {
			return fmt.Errorf("wait for those who append events: %w", err)
		}
	}
	return db.checkSettled(ctx, tx, before)
}

func (db *DB) checkSettled(ctx context.Context, tx bun.Tx, before int) error {
	var waiting, held int64
	if err := tx.NewRaw(unsettled).Scan(ctx, &waiting, &held); err != nil {
		return err
	}
	if waiting == 0 && held == 0 {
		return nil
	}
	return fmt.Errorf("%w: events.shards is %d, the database has %d; events that wait: %d, users held behind a dead letter: %d; "+
		"start with events.shards %d again until menjin outbox status shows none of either, stop every replica, and start with %d",
		ErrShards, db.shards, before, waiting, held, before, db.shards)
}

// division is the number as the database keeps it.
func (db *DB) division() []byte { return strconv.AppendInt(nil, int64(db.shards), 10) }
