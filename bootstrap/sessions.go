package bootstrap

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/menjin-id/menjin/adapters/redisstore"
	"github.com/menjin-id/menjin/adapters/sqlstore"
	"github.com/menjin-id/menjin/application/retention"
	"github.com/menjin-id/menjin/bootstrap/config"
	"github.com/menjin-id/menjin/ports"
)

// sessions is the session store that was chosen, the counters that lie beside it, and what they need of others.
type sessions struct {
	Store     ports.SessionStore
	Refresher ports.SessionRefresher
	Lister    ports.SessionLister
	Keys      ports.SessionKeyReader
	Limiter   ports.RateLimiter
	Attempts  ports.AttemptCounter
	Tokens    ports.SharedTokens              // nil: each replica fetches its own, which WeChat answers alike
	Sweep     []retention.Rule                // none where the store forgets by itself
	Ping      func(ctx context.Context) error // nil where the database's says it all
	Metrics   instrumented
	Repeat    []time.Duration // after which endings are carried out again; none where no answered write is ever forgotten
}

// A copy of Redis that takes over lacks what the one before had not passed on to it: usually of milliseconds, of seconds where the
// copy was behind.
var redisForgets = []time.Duration{time.Second, 10 * time.Second}

func provideSessions(
	ctx context.Context, cfg *config.Config, log *slog.Logger, db *sqlstore.DB, cipher ports.Cipher, traces traces,
) (sessions, func(), error) {
	if cfg.SessionsInDatabase() {
		return sessionsInDatabase(cfg, db), func() {}, nil
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
	redisstore.Trace(client, traces.Tracer)
	store := redisstore.NewSessions(client, cipher, cfg.Session)
	return sessions{
		Store: store, Refresher: store, Lister: store, Keys: store, Ping: store.Ping, Metrics: store,
		Limiter: redisstore.NewLimiter(client), Attempts: redisstore.NewAttempts(client),
		Tokens: redisstore.NewSharedTokens(client, cipher), Repeat: redisForgets,
	}, func() { _ = client.Close() }, nil
}

func sessionsInDatabase(cfg *config.Config, db *sqlstore.DB) sessions {
	store, limiter, attempts := sqlstore.NewSessions(db, cfg.Session), sqlstore.NewLimiter(db), sqlstore.NewAttempts(db)
	return sessions{
		Store: store, Refresher: store, Lister: store, Keys: store, Limiter: limiter, Attempts: attempts, Metrics: store,
		Sweep: []retention.Rule{
			{Name: "sessions", Archive: store}, {Name: "rate_limits", Archive: limiter}, {Name: "attempts", Archive: attempts},
		},
	}
}
