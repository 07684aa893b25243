package sqlstore

import (
	"context"
	"fmt"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

const (
	openSession = `INSERT INTO sessions (user_id, id, app_id, device_id, device_model, device_platform, device_system, ip,
	session_key_sealed, roles, refresh_hash, created_at, last_seen_at, idle_until, refresh_until, expires_at, user_version)
SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17
WHERE NOT EXISTS (SELECT 1 FROM session_fences WHERE user_id = $1 AND version > $17) RETURNING id`

	// giveWay leaves as many as $3. Those that nothing can open again are no longer counted; the sweeper has them. The limit
	// is there because SQLite knows no offset without one. Nobody gives way to a session that openSession refuses.
	giveWay = `DELETE FROM sessions WHERE user_id = $1 AND id IN (
	SELECT id FROM sessions WHERE user_id = $1 AND refresh_until > $2 ORDER BY last_seen_at DESC, id DESC
	LIMIT 1000000 OFFSET $3
) AND NOT EXISTS (SELECT 1 FROM session_fences WHERE user_id = $1 AND version > $4) RETURNING id`
)

// Open is ports.SessionStore's. The number of sessions is not limited by a most below 1.
func (s *Sessions) Open(ctx context.Context, session *domain.Session, most int) (ended []domain.SessionID, err error) {
	state := session.State()
	opening, err := s.opening(state)
	if err != nil {
		return nil, fmt.Errorf("open session: %w", err)
	}
	room := step{
		statement: giveWay, args: []any{s.db.id(state.UserID.ID), s.db.instant(state.CreatedAt), most - 1, state.UserVersion},
		read: func(found rows) (err error) {
			ended, err = readSessionIDs(found)
			return err
		},
	}
	var opened bool
	steps := []step{room, {statement: openSession, args: opening, read: func(found rows) error {
		opened = found.Next()
		return nil
	}}}
	if most < 1 {
		steps = steps[1:]
	}
	if err := s.alone(ctx, state.UserID, steps...); err != nil {
		return nil, fmt.Errorf("open session: %w", err)
	}
	if !opened {
		return nil, ports.ErrOutdated
	}
	s.metrics.opened.Inc()
	s.metrics.displaced.Add(float64(len(ended)))
	return ended, nil
}

// opening returns the arguments of openSession.
func (s *Sessions) opening(state domain.SessionState) ([]any, error) {
	key, err := seal(s.db.cipher, "sessions", "session_key", state.ID.ID, state.SessionKey.Secret)
	if err != nil {
		return nil, err
	}
	return []any{
		s.db.id(state.UserID.ID), s.db.id(state.ID.ID), string(state.AppID),
		state.Device.ID, state.Device.Model, state.Device.Platform, state.Device.System, state.IP,
		key, domain.JoinRoles(state.Roles), state.RefreshHash[:],
		s.db.instant(state.CreatedAt), s.db.instant(state.LastSeenAt),
		s.db.instant(state.IdleUntil), s.db.instant(state.RefreshUntil), s.db.instant(state.ExpiresAt),
		state.UserVersion,
	}, nil
}

func readSessionIDs(from rows) (ids []domain.SessionID, err error) {
	for from.Next() {
		var id idColumn
		if err := from.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, domain.SessionID{ID: domain.ID(id)})
	}
	return ids, nil
}
