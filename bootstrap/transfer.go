package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/menjin-id/menjin/adapters/cloudevent"
	"github.com/menjin-id/menjin/adapters/redisstore"
	"github.com/menjin-id/menjin/adapters/sqlstore"
	"github.com/menjin-id/menjin/adapters/vault"
	"github.com/menjin-id/menjin/application/outbox"
	"github.com/menjin-id/menjin/bootstrap/config"
	"github.com/menjin-id/menjin/domain"
)

// transferring is one run of menjin transfer.
type transferring struct {
	cfg    *config.Config // of the new installation
	log    *slog.Logger
	from   string // the data folder of the old one
	verify bool
	tell   func(sqlstore.TransferProgress)
}

func (t transferring) do(ctx context.Context) (report transferReport, err error) {
	if err := t.check(); err != nil {
		return report, err
	}
	old := *t.cfg
	old.DataDir, old.Database.URL = t.from, domain.NewSecret(config.SQLite)
	_, unlock, err := holdDataFolder(&old)
	if err != nil {
		return report, err
	}
	defer unlock()
	old.DataDir, old.Database.URL = t.cfg.DataDir, domain.NewSecret("sqlite:"+t.database())
	source, err := openSource(ctx, &old, t.log)
	if err != nil {
		return report, err
	}
	defer source.close()
	if !t.verify {
		if err := sqlstore.Migrate(ctx, t.cfg.Database.URL); err != nil {
			return report, fmt.Errorf("database.url: %w", err)
		}
	}
	options := sqlstore.TransferOptions{Shards: t.cfg.Events.Shards, VerifyOnly: t.verify, Progress: t.tell}
	if !t.cfg.SessionsInDatabase() {
		options.Sessions = func(ctx context.Context) error {
			compared, err := t.moveSessions(ctx, source)
			report.RedisSessions = &compared
			return err
		}
	}
	report.Tables, err = sqlstore.Transfer(ctx, source.db, t.cfg.Database.URL, options)
	return report, t.advised(ctx, err)
}

func (t transferring) database() string { return filepath.Join(t.from, databaseFile) }

func (t transferring) check() error {
	if t.cfg.EmbeddedDatabase() {
		return config.Fault{Key: "database.url", Reason: "must name the PostgreSQL to transfer to"}
	}
	if _, err := os.Stat(t.database()); err != nil {
		return fmt.Errorf("transfer: --from is no data folder of an embedded database: %w", err)
	}
	if !t.cfg.LocalMasterKey() || !t.cfg.Vault.Keyset.IsZero() {
		return nil
	}
	if _, err := os.Stat(localKeyFile(t.cfg)); errors.Is(err, fs.ErrNotExist) {
		return config.Fault{
			Key: "vault.keyset", Reason: "is missing: the master key of the old installation; name the file with " +
				config.EnvName("vault.keyset") + "_FILE=" + filepath.Join(t.from, "keys", "vault.json"),
		}
	}
	return nil
}

// advised says what to do about an error.
func (t transferring) advised(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, redisstore.ErrDiffers) && !t.verify: // each run writes all of them
		return failure{fmt.Errorf("%w; has anybody written to it? Empty that Redis and run it again", err), statusDiffers}
	case errors.Is(err, sqlstore.ErrDiffers), errors.Is(err, redisstore.ErrDiffers):
		return failure{fmt.Errorf("%w; has anybody written to either meanwhile? Empty the target and begin again", err), statusDiffers}
	case errors.Is(err, sqlstore.ErrNotEmpty):
		return fmt.Errorf("%w; a transfer that finished is not repeated", err)
	case ctx.Err() != nil, errors.Is(err, domain.ErrUnavailable):
		return fmt.Errorf("%w; run it again, it goes on where it was", err)
	}
	return err
}

// source is the old database, opened with the master key of the new configuration, which must be the same.
type source struct {
	db    *sqlstore.DB
	ring  *vault.Vault
	close func()
}

func openSource(ctx context.Context, cfg *config.Config, log *slog.Logger) (*source, error) {
	now := provideClock()
	ring := provideVault(now)
	db, closeDB, err := provideDatabase(ctx, cfg, log, dataFolder(cfg.DataDir), ring, cloudevent.New(), outbox.NewSignal(), traces{}, true)
	if err != nil {
		return nil, err
	}
	master, closeMaster, err := provideMasterKey(cfg, log)
	if err != nil {
		closeDB()
		return nil, err
	}
	s := &source{db: db, ring: ring, close: func() { closeMaster(); closeDB() }}
	if _, err := provideDataKeys(ctx, db, sqlstore.NewDataKeys(db), ring, master, now, log); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}
