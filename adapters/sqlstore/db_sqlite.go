package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	"go.opentelemetry.io/otel/trace"
	_ "modernc.org/sqlite" // the driver "sqlite"
)

func (db *DB) openSQLite(options Options) error {
	path, err := sqlitePath(options.URL)
	if err != nil {
		return err
	}
	if options.ReadOnly {
		return db.openSQLiteReaders(path, options)
	}
	writing, err := openSQLiteWriter(path, options.Tracer)
	if err != nil {
		return err
	}
	if err := db.openSQLiteReaders(path, options); err != nil {
		return errors.Join(err, writing.Close())
	}
	db.writer = newWriter(bun.NewDB(writing, sqlitedialect.New()))
	go db.writer.run()
	return nil
}

func (db *DB) openSQLiteReaders(path string, options Options) error {
	reading, err := openDriver(sqliteDSN(path, "query_only(1)"), options.Tracer)
	if err != nil {
		return err
	}
	reading.SetMaxOpenConns(options.MaxConns)
	reading.SetMaxIdleConns(options.MaxConns)
	db.bun = bun.NewDB(reading, sqlitedialect.New())
	return nil
}

// openSQLiteWriter opens the one connection that may write. It makes the file, for its owner alone, where there is none; the
// files that SQLite lays beside it inherit the mode.
func openSQLiteWriter(path string, tracer trace.Tracer) (*sql.DB, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("make the database's folder: %w", err)
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("make the database file: %w", err)
	}
	if err := file.Close(); err != nil {
		return nil, fmt.Errorf("make the database file: %w", err)
	}
	const walLimit = "journal_size_limit(67108864)"
	db, err := openDriver(sqliteDSN(path, "journal_mode(WAL)", "synchronous(FULL)", walLimit), tracer)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	if err := db.PingContext(context.Background()); err != nil {
		return nil, errors.Join(translate(err), db.Close())
	}
	return db, nil
}
