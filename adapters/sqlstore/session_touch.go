package sqlstore

import (
	"context"
	"fmt"
	"time"

	"github.com/menjin-id/menjin/domain"
)

// A slide changes rows that are there and live, so it brings back no session that was ended meanwhile. One that is due by
// $5 only spares most requests the write.
const (
	liveSession = `user_id = $1 AND id = $2 AND idle_until > $3 AND expires_at > $3`

	slideSession = `UPDATE sessions SET last_seen_at = $3, idle_until = CASE WHEN expires_at < $4 THEN expires_at ELSE $4 END
WHERE ` + liveSession + ` AND last_seen_at <= $5`

	touchSession = `WITH slid AS (` + slideSession + `) SELECT roles, false FROM sessions WHERE ` + liveSession

	readSession = `SELECT roles, last_seen_at <= $4 FROM sessions WHERE ` + liveSession
)

// sparing is the part of the idle time within which a second slide is spared.
const sparing = 20

// touched is what a live session says. A session that is not live says nothing.
type touched struct {
	live, due bool
	roles     string
}

// Touch is ports.SessionStore's.
func (s *Sessions) Touch(ctx context.Context, user domain.UserID, id domain.SessionID, now time.Time) ([]domain.Role, error) {
	touch := s.touchSQLite
	if s.db.isPostgres() {
		touch = s.touchPostgres
	}
	found, err := touch(ctx, user, id, now)
	switch {
	case err != nil:
		return nil, fmt.Errorf("touch session: %w", err)
	case !found.live:
		return nil, domain.ErrSessionEnded
	}
	return domain.SplitRoles(found.roles), nil
}

func (s *Sessions) touchPostgres(ctx context.Context, user domain.UserID, id domain.SessionID, now time.Time) (touched, error) {
	return s.readTouched(ctx, touchSession,
		s.db.id(user.ID), s.db.id(id.ID), now, now.Add(s.limits.Idle), now.Add(-s.limits.Idle/sparing))
}

// touchSQLite reads beside the writing connection, where an End that has returned is seen already.
func (s *Sessions) touchSQLite(ctx context.Context, user domain.UserID, id domain.SessionID, now time.Time) (touched, error) {
	due := s.db.instant(now.Add(-s.limits.Idle / sparing))
	key := []any{s.db.id(user.ID), s.db.id(id.ID), s.db.instant(now)}
	found, err := s.readTouched(ctx, readSession, append(key, due)...)
	if err != nil || !found.due {
		return found, err
	}
	slid, err := s.db.exec(ctx, slideSession, append(key, s.db.instant(now.Add(s.limits.Idle)), due)...)
	if err != nil || slid == 1 {
		return found, err
	}
	return s.readTouched(ctx, readSession, append(key, due)...) // it was ended, or another request slid it
}

func (s *Sessions) readTouched(ctx context.Context, statement string, args ...any) (found touched, err error) {
	err = s.db.query(ctx, func(from rows) error {
		for from.Next() {
			if err := from.Scan(&found.roles, &found.due); err != nil {
				return err
			}
			found.live = true
		}
		return nil
	}, statement, args...)
	return found, err
}
