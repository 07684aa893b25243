package bootstrap

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/redis/go-redis/v9"

	"github.com/menjin-id/menjin/adapters/redisstore"
	"github.com/menjin-id/menjin/adapters/sqlstore"
	"github.com/menjin-id/menjin/application/retention"
	"github.com/menjin-id/menjin/bootstrap/config"
	"github.com/menjin-id/menjin/ports"
)

// sessions is the session store that was chosen, and what it needs of others.
type sessions struct {
	Store ports.SessionStore
	Sweep []retention.Rule                // none where the store forgets by itself
	Ping  func(ctx context.Context) error // nil where the database's says it all
}

func provideSessions(
	ctx context.Context, cfg *config.Config, log *slog.Logger, db *sqlstore.DB, cipher ports.Cipher,
) (sessions, func(), error) {
	if cfg.SessionsInDatabase() {
		store := sqlstore.NewSessions(db, cfg.Session)
		return sessions{Store: store, Sweep: []retention.Rule{{Name: "sessions", Archive: store}}}, func() {}, nil
	}
	redisstore.LogTo(log)
	var client redis.UniversalClient
	err := patiently(ctx, log, "sessions.url", func() (err error) {
		client, err = redisstore.Connect(ctx, cfg.Sessions.URL)
		return err
	})
	if err != nil {
		return sessions{}, nil, fmt.Errorf("sessions.url: %w", err)
	}
	store := redisstore.NewSessions(client, cipher, cfg.Session.Idle)
	return sessions{Store: store, Ping: store.Ping}, func() { _ = client.Close() }, nil
}
