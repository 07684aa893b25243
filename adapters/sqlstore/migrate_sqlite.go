package sqlstore

import (
	"context"
	"errors"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"

	"github.com/menjin-id/menjin/domain"
)

// withSQLiteSchema tries again when a statement fails, as the step may have been applied by another process between the
// look and the leap: SQLite has no lock that outlasts a transaction, and each step is one.
func withSQLiteSchema(ctx context.Context, url domain.Secret, use func(*goose.Provider) error) (err error) {
	path, err := sqlitePath(url)
	if err != nil {
		return err
	}
	db, err := openSQLiteWriter(path, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	for range maxTries {
		var schema *goose.Provider
		if schema, err = newSchema(goose.DialectSQLite3, "sqlite", db); err != nil {
			return err
		}
		err = use(schema)
		if _, failed := errors.AsType[*sqlite.Error](err); !failed || ctx.Err() != nil {
			return err
		}
	}
	return err
}
