package sqlstore

import (
	"context"
	"fmt"
	"time"

	"github.com/menjin-id/menjin/domain"
)

// A fence is a row of session_fences: the lowest version of a user that a session may be opened on, and the version of the roles
// that were set last. Sessions opened before versions were kept have version 0.
const (
	raiseFence = `INSERT INTO session_fences (user_id, version, roles_version, at) VALUES ($1, $2, $3, $4)
ON CONFLICT (user_id) DO UPDATE SET at = excluded.at,
	version = CASE WHEN excluded.version > session_fences.version THEN excluded.version ELSE session_fences.version END,
	roles_version = CASE WHEN excluded.roles_version > session_fences.roles_version
		THEN excluded.roles_version ELSE session_fences.roles_version END`

	endSessionsBefore = `DELETE FROM sessions WHERE user_id = $1 AND user_version < $2 AND id <> $3`

	setSessionRoles = `UPDATE sessions SET roles = $3 WHERE user_id = $1 AND user_version < $2 AND roles <> $3
	AND NOT EXISTS (SELECT 1 FROM session_fences WHERE user_id = $1 AND roles_version > $2)`
)

// fenced is how long a fence is kept at least. It outlives any sign-in that read the user before it.
const fenced = time.Hour

// EndOpenedBefore is ports.SessionStore's.
func (s *Sessions) EndOpenedBefore(ctx context.Context, user domain.UserID, version int64, except domain.SessionID) error {
	err := s.alone(ctx, user, s.raise(user, version, 0), step{
		statement: endSessionsBefore, args: []any{s.db.id(user.ID), version, s.db.id(except.ID)},
	})
	if err != nil {
		return fmt.Errorf("end sessions of user: %w", err)
	}
	return nil
}

// SetRoles is ports.SessionStore's.
func (s *Sessions) SetRoles(ctx context.Context, user domain.UserID, version int64, roles []domain.Role) error {
	err := s.alone(ctx, user, s.raise(user, version, version), step{
		statement: setSessionRoles, args: []any{s.db.id(user.ID), version, domain.JoinRoles(roles)},
	})
	if err != nil {
		return fmt.Errorf("set roles of sessions: %w", err)
	}
	return nil
}

func (s *Sessions) raise(user domain.UserID, version, rolesVersion int64) step {
	return step{statement: raiseFence, args: []any{s.db.id(user.ID), version, rolesVersion, s.db.instant(time.Now().UTC())}}
}

// Sweep is ports.SessionArchive's. Fences that nobody needs any more go with the sessions.
func (s *Sessions) Sweep(ctx context.Context, before time.Time, limit int) (int64, error) {
	sessions, err := s.db.sweep(ctx, "sessions", "user_id, id", "refresh_until < $1 ORDER BY refresh_until LIMIT $2",
		s.db.instant(before), limit)
	if err != nil {
		return 0, fmt.Errorf("sweep sessions: %w", err)
	}
	fences, err := s.db.sweep(ctx, "session_fences", "user_id", "at < $1 ORDER BY at LIMIT $2",
		s.db.instant(before.Add(-fenced)), limit-int(sessions))
	if err != nil {
		return sessions, fmt.Errorf("sweep fences of sessions: %w", err)
	}
	return sessions + fences, nil
}
