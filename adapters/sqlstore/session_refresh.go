package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/menjin-id/menjin/domain"
)

const (
	sessionByID = selectSession + ` WHERE user_id = $1 AND id = $2`

	lockSession = sessionByID + ` FOR UPDATE`

	refreshSession = `UPDATE sessions SET refresh_hash = $3, replaced_hash = $4, refreshed_at = $5, last_seen_at = $6,
	idle_until = $7, refresh_until = $8
WHERE user_id = $1 AND id = $2`

	listSessions = selectSession + ` WHERE user_id = $1 AND refresh_until > $2 ORDER BY created_at DESC, id DESC`
)

// Refresh is ports.SessionRefresher's. On PostgreSQL it takes two round trips, one to lock the session and one to change it.
func (s *Sessions) Refresh(
	ctx context.Context, user domain.UserID, id domain.SessionID, presented, next domain.RefreshHash, now time.Time,
) (*domain.Session, error) {
	var session *domain.Session
	refresh := func(ctx context.Context, to statements) (err error) {
		if session, err = s.lock(ctx, to, user, id); err != nil {
			return err
		}
		if err := session.Refresh(presented, next, s.limits, now); err != nil {
			return err
		}
		return s.save(ctx, to, session.State())
	}
	if err := translate(s.run(ctx, refresh)); err != nil {
		if errors.Is(err, domain.ErrRefreshTokenReused) {
			s.metrics.reused.Inc()
		}
		return nil, fmt.Errorf("refresh session: %w", err)
	}
	s.metrics.refreshed.Inc()
	return session, nil
}

func (s *Sessions) run(ctx context.Context, change func(ctx context.Context, to statements) error) error {
	if !s.db.isPostgres() {
		return s.db.write(ctx, func(ctx context.Context, tx bun.Tx) error { return change(ctx, direct{tx.Tx}) })
	}
	pipeline := &pipeline{pool: s.db.pool}
	defer pipeline.end(ctx)
	if err := change(ctx, pipeline); err != nil {
		return err
	}
	return pipeline.commit(ctx)
}

// lock returns a session that nobody else changes until the transaction ends.
func (s *Sessions) lock(
	ctx context.Context, to statements, user domain.UserID, id domain.SessionID,
) (session *domain.Session, err error) {
	statement := sessionByID
	if s.db.isPostgres() {
		statement = lockSession
	}
	err = to.query(ctx, func(found rows) error {
		for found.Next() {
			var row sessionRow
			if err := row.scan(found); err != nil {
				return err
			}
			if session, err = s.restore(&row); err != nil {
				return err
			}
		}
		return nil
	}, statement, s.db.id(user.ID), s.db.id(id.ID))
	if err == nil && session == nil {
		err = domain.ErrRefreshTokenInvalid
	}
	return session, err
}

func (s *Sessions) restore(row *sessionRow) (*domain.Session, error) {
	state, err := row.state()
	if err != nil {
		return nil, err
	}
	if state.SessionKey.Secret, err = open(s.db.cipher, "sessions", "session_key", state.ID.ID, row.key); err != nil {
		return nil, err
	}
	return domain.RestoreSession(state), nil
}

func (s *Sessions) save(ctx context.Context, to statements, state domain.SessionState) error {
	return to.exec(ctx, refreshSession, s.db.id(state.UserID.ID), s.db.id(state.ID.ID),
		state.RefreshHash[:], state.ReplacedHash[:], s.db.instant(state.RefreshedAt), s.db.instant(state.LastSeenAt),
		s.db.instant(state.IdleUntil), s.db.instant(state.RefreshUntil))
}

// List is ports.SessionLister's. Session keys and hashes are left out.
func (s *Sessions) List(ctx context.Context, user domain.UserID, now time.Time) (sessions []*domain.Session, err error) {
	err = s.db.query(ctx, func(found rows) error {
		sessions, err = readSessions(found)
		return err
	}, listSessions, s.db.id(user.ID), s.db.instant(now))
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	return sessions, nil
}
