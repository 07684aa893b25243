package sqlstore

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/pressly/goose/v3"

	"github.com/menjin-id/menjin/domain"
)

//go:embed migrations
var migrations embed.FS

// Migration is a step of the schema. AppliedAt is zero when it is still to be applied.
type Migration struct {
	Version   int64
	Name      string
	AppliedAt time.Time
}

// Migrate brings the database at url (see Options) to the schema of this release and returns when it is there, whichever
// process has brought it. It needs no DB, and a DB should be opened after it.
func Migrate(ctx context.Context, url domain.Secret) error {
	return withSchema(ctx, url, "migrate", func(schema *goose.Provider) error {
		_, err := schema.Up(ctx)
		return err
	})
}

// MigrateDown takes the newest step back, with the data that only it has a place for. It is for an operator who goes back to
// the release before.
func MigrateDown(ctx context.Context, url domain.Secret) error {
	return withSchema(ctx, url, "migrate down", func(schema *goose.Provider) error {
		_, err := schema.Down(ctx)
		if errors.Is(err, goose.ErrNoNextVersion) {
			return nil
		}
		return err
	})
}

// MigrationStatus lists the steps this release knows, the oldest first.
func MigrationStatus(ctx context.Context, url domain.Secret) ([]Migration, error) {
	var steps []Migration
	err := withSchema(ctx, url, "migration status", func(schema *goose.Provider) error {
		found, err := schema.Status(ctx)
		for _, step := range found {
			steps = append(steps, Migration{step.Source.Version, step.Source.Path, step.AppliedAt.UTC()})
		}
		return err
	})
	return steps, err
}

// withSchema connects, keeps other processes from the schema where that is possible, and disconnects.
func withSchema(ctx context.Context, url domain.Secret, attempt string, use func(*goose.Provider) error) error {
	run := withSQLiteSchema
	if isPostgresURL(url) {
		run = withPostgresSchema
	}
	if err := translate(run(ctx, url, use)); err != nil {
		return fmt.Errorf("%s: %w", attempt, err)
	}
	return nil
}

func newSchema(dialect goose.Dialect, folder string, db *sql.DB) (*goose.Provider, error) {
	steps, err := fs.Sub(migrations, "migrations/"+folder)
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(dialect, db, steps, goose.WithDisableGlobalRegistry(true))
}
