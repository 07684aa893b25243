package bootstrap

import (
	"log/slog"
	"time"

	"github.com/menjin-id/menjin/adapters/sqlstore"
	"github.com/menjin-id/menjin/adapters/tokens"
	"github.com/menjin-id/menjin/application/retention"
	"github.com/menjin-id/menjin/application/signin"
	"github.com/menjin-id/menjin/bootstrap/config"
	"github.com/menjin-id/menjin/ports"
)

// eventsKept is how long published events stay in the database, from where the stream can be mended.
const eventsKept = 7 * 24 * time.Hour

func provideIssuer(cfg *config.Config, keys *tokens.Keys) *tokens.Issuer {
	return tokens.NewIssuer(keys, cfg.Token.Issuer, cfg.Token.Audience)
}

func provideVerifier(cfg *config.Config, keys *tokens.Keys) *tokens.Verifier {
	return tokens.NewVerifier(keys, cfg.Token.Issuer, cfg.Token.Audience)
}

func provideUsers(db *sqlstore.DB) *sqlstore.Users { return sqlstore.NewUsers(db) }

func provideOutbox(db *sqlstore.DB, now ports.Clock) *sqlstore.Outbox {
	return sqlstore.NewOutbox(db, sqlstore.OutboxOptions{Clock: now})
}

func provideSignInOptions(cfg *config.Config) signin.Options {
	return signin.Options{Limits: cfg.Session, AccessTTL: cfg.Token.AccessTTL, Announce: cfg.Events.SignedIn}
}

func provideSweep(sessions sessions, events *sqlstore.Outbox, now ports.Clock, log *slog.Logger) *retention.Sweep {
	rules := append([]retention.Rule{{Name: "outbox_events", Archive: events, Keep: eventsKept}}, sessions.Sweep...)
	return retention.NewSweep(rules, now, log)
}
