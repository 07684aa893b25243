package sqlstore

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/menjin-id/menjin/domain"
)

// Inspection is what an operator wants to know of a PostgreSQL.
type Inspection struct {
	Version string
	Number  int // 160004 is 16.4
	Clock   time.Time
	Schema  SchemaState
}

// SchemaState is how a database's schema stands to the one of this release.
type SchemaState struct {
	Pending int  // steps that are still to be applied
	Newer   bool // a later release has changed it
}

// InspectPostgres looks and changes nothing. It returns domain.ErrUnavailable when the database does not answer.
func InspectPostgres(ctx context.Context, url domain.Secret) (found Inspection, err error) {
	config, err := postgresConfig(url)
	if err != nil {
		return found, err
	}
	conn, err := pgx.ConnectConfig(ctx, config.ConnConfig)
	if err != nil {
		return found, translate(err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }() // nothing was written
	err = conn.QueryRow(ctx, `SELECT current_setting('server_version'), current_setting('server_version_num')::int, clock_timestamp()`).
		Scan(&found.Version, &found.Number, &found.Clock)
	if err != nil {
		return found, translate(err)
	}
	found.Schema, err = schemaState("postgres", "SELECT to_regclass('goose_db_version') IS NOT NULL", func(query string, into any) error {
		return conn.QueryRow(ctx, query).Scan(into)
	})
	return found, translate(err)
}

// InspectSQLite looks at the schema of an SQLite database and changes nothing, beside a service too.
func InspectSQLite(ctx context.Context, url domain.Secret) (found SchemaState, err error) {
	path, err := sqlitePath(url)
	if err != nil {
		return found, err
	}
	db, err := openDriver(sqliteDSN(path, "query_only(1)"), nil)
	if err != nil {
		return found, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	const tableIsThere = "SELECT count(*) > 0 FROM sqlite_schema WHERE name = 'goose_db_version'"
	found, err = schemaState("sqlite", tableIsThere, func(query string, into any) error {
		return db.QueryRowContext(ctx, query).Scan(into)
	})
	return found, translate(err)
}

// schemaState asks for the newest step that was applied by itself: goose, when asked, makes the table where there is none.
func schemaState(folder, tableIsThere string, ask func(query string, into any) error) (found SchemaState, err error) {
	steps, err := migrations.ReadDir("migrations/" + folder)
	if err != nil {
		return found, err
	}
	var there bool
	if err := ask(tableIsThere, &there); err != nil {
		return found, err
	}
	applied := 0
	if there {
		if err := ask("SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied", &applied); err != nil {
			return found, err
		}
	}
	return SchemaState{Pending: max(len(steps)-applied, 0), Newer: applied > len(steps)}, nil
}
