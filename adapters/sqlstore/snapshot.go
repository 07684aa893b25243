package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/menjin-id/menjin/domain"
)

// Snapshot writes a copy of an SQLite database into a new file that only its owner can read. The copy is of one instant;
// another process may be at work on the database meanwhile, whose log grows until the copy is done.
func Snapshot(ctx context.Context, url domain.Secret, to string) (err error) {
	path, err := sqlitePath(url)
	if err != nil {
		return err
	}
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("copy the database: %w", err)
	}
	file, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // the caller's to choose
	if err != nil {
		return fmt.Errorf("copy the database: %w", err)
	}
	if err := file.Close(); err != nil {
		return fmt.Errorf("copy the database: %w", err)
	}
	db, err := openDriver(sqliteDSN(path), nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if _, err := db.ExecContext(ctx, "VACUUM INTO ?", to); err != nil {
		return fmt.Errorf("copy the database: %w", translate(err))
	}
	return nil
}

// CheckFile returns an error when an SQLite database is damaged.
func CheckFile(ctx context.Context, url domain.Secret) (err error) {
	path, err := sqlitePath(url)
	if err != nil {
		return err
	}
	db, err := openDriver(sqliteDSN(path, "query_only(1)"), nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var verdict string
	if err := db.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&verdict); err != nil {
		return fmt.Errorf("check the database: %w", translate(err))
	}
	if verdict != "ok" {
		return errors.New("check the database: it is damaged")
	}
	return nil
}

// RenameStream tells the outbox of an SQLite database that nobody uses that the stream it has published to, up to a sequence
// which stays, has another identity now.
func RenameStream(ctx context.Context, url domain.Secret, was, is string) (err error) {
	path, err := sqlitePath(url)
	if err != nil {
		return err
	}
	db, err := openSQLiteWriter(path, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if _, err := db.ExecContext(ctx, "UPDATE outbox_shards SET stream = ? WHERE stream = ?", is, was); err != nil {
		return fmt.Errorf("rename the stream: %w", translate(err))
	}
	return nil
}
