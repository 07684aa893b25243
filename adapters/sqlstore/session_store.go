package sqlstore

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/uptrace/bun"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

const (
	// lockSessions lets one transaction after the other work on several sessions of a user: they would lock the rows in orders
	// of their own, and could not see what another one adds, sessions or a fence. Single rows do not ask for it. What follows
	// the lock is read as it is then, since each statement of READ COMMITTED takes a snapshot of its own.
	lockSessions = `SELECT pg_advisory_xact_lock(hashtextextended('menjin sessions ' || $1, 0))`

	endSession = `DELETE FROM sessions WHERE user_id = $1 AND id = $2`
)

// Sessions keeps sessions in the database, for installations without Redis. Its Sweep has to be called every minute or so.
type Sessions struct {
	db      *DB
	limits  domain.SessionLimits
	metrics sessionMetrics
}

var (
	_ ports.SessionStore     = (*Sessions)(nil)
	_ ports.SessionRefresher = (*Sessions)(nil)
	_ ports.SessionLister    = (*Sessions)(nil)
	_ ports.SessionArchive   = (*Sessions)(nil)
)

// NewSessions keeps sessions in db that slide and are refreshed as the limits say.
func NewSessions(db *DB, limits domain.SessionLimits) *Sessions {
	return &Sessions{db: db, limits: limits, metrics: newSessionMetrics()}
}

// End is ports.SessionStore's.
func (s *Sessions) End(ctx context.Context, user domain.UserID, id domain.SessionID) error {
	if _, err := s.db.exec(ctx, endSession, s.db.id(user.ID), s.db.id(id.ID)); err != nil {
		return fmt.Errorf("end session: %w", err)
	}
	return nil
}

// alone takes the steps as one transaction, in one round trip, when nobody else changes several of the user's sessions.
func (s *Sessions) alone(ctx context.Context, user domain.UserID, steps ...step) error {
	if s.db.isPostgres() {
		return translate(s.alonePostgres(ctx, user, steps))
	}
	return s.db.write(ctx, func(ctx context.Context, tx bun.Tx) error {
		to := direct{tx.Tx}
		for _, next := range steps {
			run := func() error { return to.exec(ctx, next.statement, next.args...) }
			if next.read != nil {
				run = func() error { return to.query(ctx, next.read, next.statement, next.args...) }
			}
			if err := run(); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *Sessions) alonePostgres(ctx context.Context, user domain.UserID, steps []step) error {
	var batch pgx.Batch
	batch.Queue(lockSessions, user.String())
	for _, next := range steps {
		queued := batch.Queue(next.statement, next.args...)
		if next.read != nil {
			queued.Query(func(found pgx.Rows) error {
				err := next.read(found)
				return first(found.Err(), err)
			})
		}
	}
	return s.db.pool.SendBatch(ctx, &batch).Close()
}
