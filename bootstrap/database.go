package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/menjin-id/menjin/adapters/sqlstore"
	"github.com/menjin-id/menjin/application/outbox"
	"github.com/menjin-id/menjin/bootstrap/config"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

const (
	startPatience = 30 * time.Second // how long a start waits for a server that is not there yet
	startRetry    = time.Second
)

// databaseURL is the configured one, or that of the file in the data folder.
func databaseURL(cfg *config.Config) domain.Secret {
	if cfg.EmbeddedDatabase() {
		return domain.NewSecret("sqlite:" + filepath.Join(cfg.DataDir, databaseFile))
	}
	return cfg.Database.URL
}

// databaseThere tells a folder that nobody may look into from one without a database.
func databaseThere(cfg *config.Config) error {
	_, err := os.Stat(filepath.Join(cfg.DataDir, databaseFile))
	if errors.Is(err, fs.ErrNotExist) {
		return config.Fault{Key: "data_dir", Reason: fmt.Sprintf("there is no database in %s; name the folder of the service with %s, "+
			"or its server with %s", cfg.DataDir, config.EnvName("data_dir"), config.EnvName("database.url"))}
	}
	return folderFault(err)
}

// folderFault explains what an account may not do in the data folder, and leaves other errors as they are.
func folderFault(err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return config.Fault{Key: "data_dir", Reason: err.Error() + "; run this as the account of the service, or give that the folder"}
	}
	return err
}

// besideService tells what works on the database of a service from the service, whose settings the database follows.
type besideService bool

// provideDatabase brings the schema up to date, which replicas that start at once do one after the other, and connects. The
// cipher gets its keys afterwards, as they lie in the database.
func provideDatabase(
	ctx context.Context, cfg *config.Config, log *slog.Logger, _ dataFolder,
	cipher ports.Cipher, codec ports.EventCodec, wake outbox.Signal, traces traces, beside besideService,
) (*sqlstore.DB, func(), error) {
	url := databaseURL(cfg)
	migrate := func() error { return sqlstore.Migrate(ctx, url) }
	if cfg.EmbeddedDatabase() {
		migrate = func() error { return folderFault(sqlstore.Migrate(ctx, url)) }
	}
	if err := patiently(ctx, log, "database.url", migrate); isFault(err) {
		return nil, nil, err
	} else if err != nil {
		return nil, nil, fmt.Errorf("database.url: %w", err)
	}
	db, err := sqlstore.Open(ctx, sqlstore.Options{
		URL: url, Shards: cfg.Events.Shards, KeepShards: bool(beside), Cipher: cipher, Codec: codec, OnCommit: wake.Give, Tracer: traces.Tracer,
	})
	if errors.Is(err, sqlstore.ErrShards) {
		return nil, nil, fmt.Errorf("events.shards: %w", err)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("database.url: %w", err)
	}
	return db, func() {
		if err := db.Close(); err != nil {
			log.Warn("database was not closed cleanly", "error", err)
		}
	}, nil
}

// patiently tries again while the server that a key names cannot be reached: machines of one system start in any order.
func patiently(ctx context.Context, log *slog.Logger, key string, try func() error) error {
	patience, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	for {
		err := try()
		if err == nil || !errors.Is(err, domain.ErrUnavailable) {
			return err
		}
		log.WarnContext(ctx, "waiting for a server that cannot be reached yet", "setting", key, "error", err)
		select {
		case <-patience.Done():
			return err
		case <-time.After(startRetry):
		}
	}
}
