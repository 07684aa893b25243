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
	Version    string
	Number     int // 160004 is 16.4
	Clock      time.Time
	Pending    int       // steps of the schema that are still to be applied
	Newer      bool      // a later release has changed the schema
	SigningKey time.Time // when the newest was made; zero without one
	DataKey    time.Time
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
	return found, translate(found.readSchema(ctx, conn))
}

func (i *Inspection) readSchema(ctx context.Context, conn *pgx.Conn) error {
	entries, err := migrations.ReadDir("migrations/postgres")
	if err != nil {
		return err
	}
	var there bool
	if err := conn.QueryRow(ctx, "SELECT to_regclass('goose_db_version') IS NOT NULL").Scan(&there); err != nil {
		return err
	}
	applied := 0
	if there {
		err := conn.QueryRow(ctx, "SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied").Scan(&applied)
		if err != nil {
			return err
		}
	}
	i.Pending, i.Newer = max(len(entries)-applied, 0), applied > len(entries)
	if applied < 5 { // the tables below are not all there
		return nil
	}
	var signing, data *time.Time
	err = conn.QueryRow(ctx, "SELECT (SELECT max(created_at) FROM signing_keys), (SELECT max(created_at) FROM data_keys)").Scan(&signing, &data)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return err
	}
	i.SigningKey, i.DataKey = orZero(signing), orZero(data)
	return nil
}

func orZero(at *time.Time) time.Time {
	if at == nil {
		return time.Time{}
	}
	return *at
}
