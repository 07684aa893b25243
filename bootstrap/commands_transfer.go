package bootstrap

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/menjin-id/menjin/adapters/cloudevent"
	"github.com/menjin-id/menjin/adapters/redisstore"
	"github.com/menjin-id/menjin/adapters/sqlstore"
	"github.com/menjin-id/menjin/application/outbox"
	"github.com/menjin-id/menjin/bootstrap/config"
	"github.com/menjin-id/menjin/domain"
)

func newTransferCommand(options *globalOptions) *cobra.Command {
	var from string
	var asJSON bool
	cmd := &cobra.Command{
		Use: "transfer", Short: "Move from the embedded database to the configured PostgreSQL, and Redis", Args: cobra.NoArgs,
		Long: `Copies everything from the embedded database of a data folder into the database that database.url names: users, their
identities, roles and sessions, keys, the audit log, events and what waits of them. Sessions go to Redis where sessions.url
names one. The target must be empty, and the service stopped, there and here; vault.keyset must be the master key of the old
installation, or its key file lie in data_dir.

  menjin transfer --from ./data          with MENJIN_DATABASE_URL=postgres://… and so on

Run it again when it was broken off; it goes on where it was. Every row is compared at the end, and until then no service
starts on the target. Afterwards start the service with the new settings, and never again with the old ones. Events still
kept are published to the new stream when it starts.

The exit status is 0 when all is there, and otherwise 1.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, log, err := loggedConfig(options)
			if err != nil {
				return err
			}
			if from == "" {
				from = cfg.DataDir
			}
			report, err := transferAll(cmd.Context(), cfg, log, strings.TrimPrefix(from, "sqlite:"), cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			return report.write(cmd.OutOrStdout(), asJSON)
		},
	}
	cmd.Flags().StringVar(&from, "from", "", "data folder of the embedded installation (default the setting data_dir)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print what was copied for programs to read")
	return cmd
}

type transferReport struct {
	Tables        []sqlstore.Transferred `json:"tables"`
	RedisSessions int64                  `json:"redis_sessions"`
}

func (r transferReport) write(out io.Writer, asJSON bool) error {
	if asJSON {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(r)
	}
	for _, table := range r.Tables {
		fmt.Fprintf(out, "%-16s %9d rows, compared, %.16s\n", table.Table, table.Rows, table.SHA256)
	}
	if r.RedisSessions > 0 {
		fmt.Fprintf(out, "%-16s %9d sessions\n", "Redis", r.RedisSessions)
	}
	_, err := fmt.Fprintln(out, "everything is there; start the service with the new settings, and never again with the old ones")
	return err
}

func transferAll(ctx context.Context, cfg *config.Config, log *slog.Logger, from string, progress io.Writer) (report transferReport, err error) {
	if cfg.EmbeddedDatabase() {
		return report, config.Fault{Key: "database.url", Reason: "must name the PostgreSQL to transfer to"}
	}
	path := filepath.Join(from, databaseFile)
	if _, err := os.Stat(path); err != nil {
		return report, fmt.Errorf("transfer: --from is no data folder of an embedded database: %w", err)
	}
	if _, err := os.Stat(localKeyFile(cfg)); errors.Is(err, fs.ErrNotExist) && cfg.LocalMasterKey() && cfg.Vault.Keyset.IsZero() {
		return report, config.Fault{Key: "vault.keyset", Reason: "is missing: the master key of the old installation, keys/vault.json in its data_dir"}
	}
	old := *cfg
	old.DataDir, old.Database.URL = from, domain.NewSecret(config.SQLite)
	_, unlock, err := holdDataFolder(&old)
	if err != nil {
		return report, err
	}
	defer unlock()
	old.DataDir, old.Database.URL = cfg.DataDir, domain.NewSecret("sqlite:"+path)
	source, err := openSource(ctx, &old, log)
	if err != nil {
		return report, err
	}
	defer source.close()
	if err := sqlstore.Migrate(ctx, cfg.Database.URL); err != nil {
		return report, fmt.Errorf("database.url: %w", err)
	}
	if !cfg.SessionsInDatabase() { // first: until the rows are compared, no service starts
		if report.RedisSessions, err = source.moveSessions(ctx, cfg); err != nil {
			return report, err
		}
	}
	report.Tables, err = sqlstore.Transfer(ctx, source.db, cfg.Database.URL, sqlstore.TransferOptions{
		Shards: cfg.Events.Shards, NoSessions: !cfg.SessionsInDatabase(),
		Progress: func(table string, rows int64) { fmt.Fprintf(progress, "%s: %d rows\n", table, rows) },
	})
	return report, err
}

// source is the old database, opened with the master key of the new configuration, which must be the same.
type source struct {
	db    *sqlstore.DB
	close func()

	openSessions func(*config.Config) (*redisstore.Sessions, func(), error)
}

func openSource(ctx context.Context, cfg *config.Config, log *slog.Logger) (*source, error) {
	now := provideClock()
	ring := provideVault(now)
	db, closeDB, err := provideDatabase(ctx, cfg, log, dataFolder(cfg.DataDir), ring, cloudevent.New(), outbox.NewSignal(), traces{})
	if err != nil {
		return nil, err
	}
	master, closeMaster, err := provideMasterKey(cfg, log)
	if err != nil {
		closeDB()
		return nil, err
	}
	s := &source{db: db, close: func() { closeMaster(); closeDB() }}
	if _, err := provideDataKeys(ctx, db, sqlstore.NewDataKeys(db), ring, master, now, log); err != nil {
		s.close()
		return nil, err
	}
	s.openSessions = func(cfg *config.Config) (*redisstore.Sessions, func(), error) {
		client, err := redisstore.Connect(ctx, cfg.Sessions.URL)
		if err != nil {
			return nil, nil, fmt.Errorf("sessions.url: %w", err)
		}
		return redisstore.NewSessions(client, ring, cfg.Session), func() { _ = client.Close() }, nil
	}
	return s, nil
}

// moveSessions opens again in Redis what can still be refreshed; doing it twice is harmless. How long a session is live yet is
// counted from now there.
func (s *source) moveSessions(ctx context.Context, cfg *config.Config) (count int64, err error) {
	into, closeRedis, err := s.openSessions(cfg)
	if err != nil {
		return 0, err
	}
	defer closeRedis()
	err = sqlstore.NewSessions(s.db, cfg.Session).Each(ctx, func(session *domain.Session) error {
		state, now := session.State(), time.Now().UTC().Truncate(time.Microsecond)
		if !now.Before(state.RefreshUntil) || !now.Before(state.ExpiresAt) {
			return nil
		}
		state.LastSeenAt = now
		if _, err := into.Open(ctx, domain.RestoreSession(state), cfg.PerUser); err != nil {
			return err
		}
		count++
		return nil
	})
	if err != nil {
		return count, fmt.Errorf("transfer sessions: %w", err)
	}
	return count, nil
}
