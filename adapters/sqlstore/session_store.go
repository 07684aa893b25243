package sqlstore

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

const openSession = `INSERT INTO sessions (user_id, id, app_id, device_id, device_model, device_platform, device_system, ip,
	session_key_sealed, refresh_hash, created_at, last_seen_at, idle_until, refresh_until, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`

const (
	endSession       = `DELETE FROM sessions WHERE user_id = $1 AND id = $2`
	endSessionsUntil = `DELETE FROM sessions WHERE user_id = $1 AND created_at <= $2`

	pastSessions  = `SELECT user_id, id FROM sessions WHERE refresh_until < $1 ORDER BY refresh_until LIMIT $2`
	sweepSessions = `DELETE FROM sessions WHERE (user_id, id) IN (` + pastSessions + `)`
	// Locking in the order of refresh_until what others delete in another could end in a deadlock.
	sweepFreeSessions = `DELETE FROM sessions WHERE (user_id, id) IN (` + pastSessions + ` FOR UPDATE SKIP LOCKED)`
)

// Sessions keeps sessions in the database, for installations without Redis. Its Sweep has to be called every minute or so.
type Sessions struct {
	db     *DB
	limits domain.SessionLimits
}

var (
	_ ports.SessionStore   = (*Sessions)(nil)
	_ ports.SessionArchive = (*Sessions)(nil)
)

// NewSessions keeps sessions in db that slide as the limits say.
func NewSessions(db *DB, limits domain.SessionLimits) *Sessions {
	return &Sessions{db: db, limits: limits}
}

// Open is ports.SessionStore's.
func (s *Sessions) Open(ctx context.Context, session *domain.Session) error {
	state := session.State()
	key, err := seal(s.db.cipher, "sessions", "session_key", state.ID.ID, state.SessionKey.Secret)
	if err != nil {
		return fmt.Errorf("open session: %w", err)
	}
	_, err = s.exec(ctx, openSession,
		s.db.id(state.UserID.ID), s.db.id(state.ID.ID), string(state.AppID),
		state.Device.ID, state.Device.Model, state.Device.Platform, state.Device.System, state.IP,
		key, state.RefreshHash[:], s.db.instant(state.CreatedAt), s.db.instant(state.LastSeenAt),
		s.db.instant(state.IdleUntil), s.db.instant(state.RefreshUntil), s.db.instant(state.ExpiresAt))
	if err != nil {
		return fmt.Errorf("open session: %w", err)
	}
	return nil
}

// End is ports.SessionStore's.
func (s *Sessions) End(ctx context.Context, user domain.UserID, id domain.SessionID) error {
	if _, err := s.exec(ctx, endSession, s.db.id(user.ID), s.db.id(id.ID)); err != nil {
		return fmt.Errorf("end session: %w", err)
	}
	return nil
}

// EndOpenedUntil is ports.SessionStore's.
func (s *Sessions) EndOpenedUntil(ctx context.Context, user domain.UserID, until time.Time) error {
	if _, err := s.exec(ctx, endSessionsUntil, s.db.id(user.ID), s.db.instant(until)); err != nil {
		return fmt.Errorf("end sessions of user: %w", err)
	}
	return nil
}

// Sweep is ports.SessionArchive's.
func (s *Sessions) Sweep(ctx context.Context, before time.Time, limit int) (int64, error) {
	statement := sweepSessions
	if s.db.isPostgres() {
		statement = sweepFreeSessions
	}
	count, err := s.exec(ctx, statement, s.db.instant(before), limit)
	if err != nil {
		return 0, fmt.Errorf("sweep sessions: %w", err)
	}
	return count, nil
}

// exec runs one statement, in one round trip, and returns how many rows it touched.
func (s *Sessions) exec(ctx context.Context, statement string, args ...any) (count int64, err error) {
	if s.db.isPostgres() {
		tag, err := s.db.pool.Exec(ctx, statement, args...)
		return tag.RowsAffected(), translate(err)
	}
	err = s.db.write(ctx, func(ctx context.Context, tx bun.Tx) error {
		count, err = affected(tx.Tx.ExecContext(ctx, statement, args...))
		return err
	})
	return count, err
}
