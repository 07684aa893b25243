package sqlstore

import (
	"context"
	"database/sql"
	"errors"
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

	touchSession = `WITH slid AS (` + slideSession + `) SELECT EXISTS (SELECT 1 FROM sessions WHERE ` + liveSession + `)`

	readSession = `SELECT last_seen_at <= $4 FROM sessions WHERE ` + liveSession
)

// sparing is the part of the idle time within which a second slide is spared.
const sparing = 20

// Touch is ports.SessionStore's.
func (s *Sessions) Touch(ctx context.Context, user domain.UserID, id domain.SessionID, now time.Time) error {
	touch := s.touchSQLite
	if s.db.isPostgres() {
		touch = s.touchPostgres
	}
	live, err := touch(ctx, user, id, now)
	switch {
	case err != nil:
		return fmt.Errorf("touch session: %w", err)
	case !live:
		return domain.ErrSessionEnded
	}
	return nil
}

func (s *Sessions) touchPostgres(ctx context.Context, user domain.UserID, id domain.SessionID, now time.Time) (live bool, err error) {
	err = s.db.pool.QueryRow(ctx, touchSession,
		s.db.id(user.ID), s.db.id(id.ID), now, now.Add(s.limits.Idle), now.Add(-s.limits.Idle/sparing)).Scan(&live)
	return live, translate(err)
}

// touchSQLite reads beside the writing connection, where an End that has returned is seen already.
func (s *Sessions) touchSQLite(ctx context.Context, user domain.UserID, id domain.SessionID, now time.Time) (live bool, err error) {
	due := s.db.instant(now.Add(-s.limits.Idle / sparing))
	key := []any{s.db.id(user.ID), s.db.id(id.ID), s.db.instant(now)}
	live, slide, err := s.readSQLite(ctx, append(key, due)...)
	if err != nil || !slide {
		return live, err
	}
	slid, err := s.exec(ctx, slideSession, append(key, s.db.instant(now.Add(s.limits.Idle)), due)...)
	if err != nil || slid == 1 {
		return err == nil, err
	}
	live, _, err = s.readSQLite(ctx, append(key, due)...) // it was ended, or another request slid it
	return live, err
}

func (s *Sessions) readSQLite(ctx context.Context, args ...any) (live, slide bool, err error) {
	err = s.db.bun.DB.QueryRowContext(ctx, readSession, args...).Scan(&slide)
	if errors.Is(err, sql.ErrNoRows) {
		return false, false, nil
	}
	return err == nil, slide, translate(err)
}
