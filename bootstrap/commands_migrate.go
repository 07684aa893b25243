package bootstrap

import (
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/menjin-id/menjin/adapters/sqlstore"
	"github.com/menjin-id/menjin/domain"
)

func newMigrateCommand(options *globalOptions) *cobra.Command {
	migrate := &cobra.Command{Use: "migrate", Short: "Change or show the database's schema; serve brings it up to date by itself"}
	for _, step := range []struct {
		use, short string
		run        func(cmd *cobra.Command, url domain.Secret) error
	}{
		{"up", "Bring the schema up to date", func(cmd *cobra.Command, url domain.Secret) error {
			return sqlstore.Migrate(cmd.Context(), url)
		}},
		{"down", "Take the newest step back, with the data that only it has a place for", func(cmd *cobra.Command, url domain.Secret) error {
			return sqlstore.MigrateDown(cmd.Context(), url)
		}},
		{"status", "List the steps and when they were applied", func(*cobra.Command, domain.Secret) error { return nil }},
	} {
		cmd := &cobra.Command{Use: step.use, Short: step.short, Args: cobra.NoArgs}
		asJSON := asksForJSON(cmd)
		cmd.RunE = func(cmd *cobra.Command, _ []string) error {
			cfg, err := options.load()
			if err != nil {
				return err
			}
			_, unlock, err := holdDataFolder(cfg) // an embedded database is one process's at a time
			if err != nil {
				return err
			}
			defer unlock()
			if err := step.run(cmd, databaseURL(cfg)); err != nil {
				return err
			}
			return showMigrations(cmd, databaseURL(cfg), *asJSON)
		}
		migrate.AddCommand(cmd)
	}
	return migrate
}

func showMigrations(cmd *cobra.Command, url domain.Secret, asJSON bool) error {
	steps, err := sqlstore.MigrationStatus(cmd.Context(), url)
	if err != nil {
		return err
	}
	if asJSON {
		return writeJSON(cmd.OutOrStdout(), migrationsReport(steps))
	}
	table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 4, 2, ' ', 0)
	for _, step := range steps {
		applied := "pending"
		if !step.AppliedAt.IsZero() {
			applied = step.AppliedAt.Format(time.RFC3339)
		}
		fmt.Fprintf(table, "%d\t%s\t%s\n", step.Version, step.Name, applied)
	}
	return table.Flush()
}
