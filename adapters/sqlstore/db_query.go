package sqlstore

import (
	"context"

	"github.com/uptrace/bun"
)

// exec runs one statement, in one round trip, and returns how many rows it changed.
func (db *DB) exec(ctx context.Context, statement string, args ...any) (count int64, err error) {
	if db.isPostgres() {
		tag, err := db.pool.Exec(ctx, statement, args...)
		return tag.RowsAffected(), translate(err)
	}
	err = db.write(ctx, func(ctx context.Context, tx bun.Tx) error {
		count, err = affected(tx.Tx.ExecContext(ctx, statement, args...))
		return err
	})
	return count, err
}

// query runs one statement that reads, in one round trip.
func (db *DB) query(ctx context.Context, read func(rows) error, statement string, args ...any) error {
	if db.isPostgres() {
		return translate(db.queryPostgres(ctx, read, statement, args...))
	}
	return translate(db.querySQLite(ctx, read, statement, args...))
}

// change runs one statement that writes and tells about it, in one round trip.
func (db *DB) change(ctx context.Context, read func(rows) error, statement string, args ...any) error {
	if db.isPostgres() {
		return translate(db.queryPostgres(ctx, read, statement, args...))
	}
	return db.write(ctx, func(ctx context.Context, tx bun.Tx) error {
		return direct{tx.Tx}.query(ctx, read, statement, args...)
	})
}

// sweep deletes what a query picks. The rows of one sweep are locked in an order of its own: it leaves those alone that others
// hold, or both might wait for each other.
func (db *DB) sweep(ctx context.Context, table, key, where string, args ...any) (int64, error) {
	picked := "SELECT " + key + " FROM " + table + " WHERE " + where
	if db.isPostgres() {
		picked += " FOR UPDATE SKIP LOCKED"
	}
	return db.exec(ctx, "DELETE FROM "+table+" WHERE ("+key+") IN ("+picked+")", args...)
}

func (db *DB) queryPostgres(ctx context.Context, read func(rows) error, statement string, args ...any) error {
	found, err := db.pool.Query(ctx, statement, args...)
	if err != nil {
		return err
	}
	defer found.Close()
	err = read(found)
	return first(found.Err(), err)
}

func (db *DB) querySQLite(ctx context.Context, read func(rows) error, statement string, args ...any) error {
	found, err := db.bun.DB.QueryContext(ctx, statement, args...)
	if err != nil {
		return err
	}
	defer func() { _ = found.Close() }() // what it could tell, Err has told
	err = read(found)
	return first(found.Err(), err)
}
