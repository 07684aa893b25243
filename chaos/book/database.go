package book

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"strings"

	"github.com/google/uuid"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	_ "modernc.org/sqlite"             // the driver "sqlite"

	"github.com/menjin-id/menjin/domain"
)

// Database looks at a database from outside, without the store's code.
type Database struct{ db *sql.DB }

// OpenDatabase opens a postgres:// URL or the path of a SQLite file. Close ends it.
func OpenDatabase(address string) (*Database, error) {
	driver := "pgx"
	if !strings.HasPrefix(address, "postgres://") {
		driver = "sqlite"
		address = (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: address}).EscapedPath(), RawQuery: "_pragma=busy_timeout(10000)"}).String()
	}
	db, err := sql.Open(driver, address)
	if err != nil {
		return nil, fmt.Errorf("look at database: %w", err)
	}
	db.SetMaxOpenConns(1)
	return &Database{db}, nil
}

// Close disconnects.
func (d *Database) Close() { _ = d.db.Close() }

// Exec runs a statement.
func (d *Database) Exec(ctx context.Context, statement string, args ...any) error {
	if _, err := d.db.ExecContext(ctx, statement, args...); err != nil {
		return fmt.Errorf("work on database: %w", err)
	}
	return nil
}

// Number runs a query that returns one.
func (d *Database) Number(ctx context.Context, query string, args ...any) (number int64, err error) {
	if err := d.db.QueryRowContext(ctx, query, args...).Scan(&number); err != nil {
		return 0, fmt.Errorf("look at database: %w", err)
	}
	return number, nil
}

// Pending returns how many events wait.
func (d *Database) Pending(ctx context.Context) (int64, error) {
	return d.Number(ctx, "SELECT count(*) FROM outbox_pending")
}

// Changes returns how many changes are committed, by the versions of the users.
func (d *Database) Changes(ctx context.Context) (int64, error) {
	return d.Number(ctx, "SELECT coalesce(sum(version), 0) FROM users")
}

// Versions returns how far each user has come.
func (d *Database) Versions(ctx context.Context) (map[domain.UserID]int64, error) {
	rows, err := d.db.QueryContext(ctx, "SELECT id, version FROM users")
	if err != nil {
		return nil, fmt.Errorf("look at users: %w", err)
	}
	defer func() { _ = rows.Close() }() // Err has told what can be told
	versions := map[domain.UserID]int64{}
	for rows.Next() {
		var (
			id      uuid.UUID // reads text and bytes alike
			version int64
		)
		if err := rows.Scan(&id, &version); err != nil {
			return nil, fmt.Errorf("look at users: %w", err)
		}
		versions[domain.UserID{ID: domain.ID(id)}] = version
	}
	return versions, rows.Err()
}
