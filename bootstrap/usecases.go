package bootstrap

import (
	"log/slog"
	"time"

	"github.com/menjin-id/menjin/adapters/natsbus"
	"github.com/menjin-id/menjin/adapters/sqlstore"
	"github.com/menjin-id/menjin/application/personal"
	"github.com/menjin-id/menjin/application/retention"
	"github.com/menjin-id/menjin/application/session"
	"github.com/menjin-id/menjin/application/signin"
	"github.com/menjin-id/menjin/bootstrap/config"
	"github.com/menjin-id/menjin/ports"
)

const (
	eventsKept  = 7 * 24 * time.Hour   // published events, from which the stream can be mended
	inboxKept   = 7 * 24 * time.Hour   // far longer than WeChat repeats a message
	replaysKept = 30 * 24 * time.Hour  // what was asked for and finished
	auditKept   = 180 * 24 * time.Hour // the law wants network logs for six months
)

func provideOutbox(db *sqlstore.DB, now ports.Clock) *sqlstore.Outbox {
	return sqlstore.NewOutbox(db, sqlstore.OutboxOptions{Clock: now})
}

func provideSignInOptions(cfg *config.Config) signin.Options {
	return signin.Options{
		Limits: cfg.Session, MaxSessions: cfg.PerUser, AccessTTL: cfg.Token.AccessTTL, Announce: cfg.Events.SignedIn,
	}
}

func provideSessionFeed(bus *natsbus.Bus, sessions sessions) ports.SessionFeed {
	return session.NewRepeat(bus, sessions.Repeat...)
}

func provideAccessTTL(cfg *config.Config) session.AccessTTL {
	return session.AccessTTL(cfg.Token.AccessTTL)
}

func provideCoolingOff(cfg *config.Config) personal.CoolingOff {
	return personal.CoolingOff(cfg.Deletion.CoolingOff)
}

func provideSweep(
	sessions sessions, events *sqlstore.Outbox, audit *sqlstore.Audit, inbox *sqlstore.Inbox, replays *sqlstore.Replays, now ports.Clock, log *slog.Logger,
) *retention.Sweep {
	rules := append([]retention.Rule{
		{Name: "outbox_events", Archive: events, Keep: eventsKept},
		{Name: "audit_log", Archive: audit, Keep: auditKept},
		{Name: "inbox", Archive: inbox, Keep: inboxKept},
		{Name: "outbox_replays", Archive: replays, Keep: replaysKept},
	}, sessions.Sweep...)
	return retention.NewSweep(rules, now, log)
}
