package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"github.com/menjin-id/menjin/domain"
)

// schemaLock is the advisory lock of whoever changes the schema: "menjin" in ASCII.
const schemaLock int64 = 0x6d656e6a696e

const lockRetry = 50 * time.Millisecond

func withPostgresSchema(ctx context.Context, url domain.Secret, use func(*goose.Provider) error) (err error) {
	config, err := postgresConfig(url)
	if err != nil {
		return err
	}
	config.ConnConfig.RuntimeParams["application_name"] = "menjin migrate"
	delete(config.ConnConfig.RuntimeParams, "statement_timeout") // building an index may take longer than any request
	delete(config.ConnConfig.RuntimeParams, "idle_in_transaction_session_timeout")
	db := stdlib.OpenDB(*config.ConnConfig)
	defer func() { err = errors.Join(err, db.Close()) }()
	lock, err := lockSchema(ctx, db)
	if err != nil {
		return err
	}
	defer func() { _ = lock.Rollback() }() // frees the lock; a broken connection has freed it already
	schema, err := newSchema(goose.DialectPostgres, "postgres", db)
	if err != nil {
		return err
	}
	return use(schema)
}

// lockSchema waits until nobody else changes the schema. The lock belongs to a transaction of its own and not to a session,
// so that it holds through a pooler as well; it is asked for again and again, and not waited for, because a waiting
// statement would hold up an index that is built concurrently.
func lockSchema(ctx context.Context, db *sql.DB) (*sql.Tx, error) {
	retry := time.NewTicker(lockRetry)
	defer retry.Stop()
	for {
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return nil, err
		}
		var locked bool
		err = tx.QueryRowContext(ctx, "SELECT pg_try_advisory_xact_lock($1)", schemaLock).Scan(&locked)
		if err == nil && locked {
			return tx, nil
		}
		if err = errors.Join(err, tx.Rollback()); err != nil {
			return nil, err
		}
		select {
		case <-retry.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}
