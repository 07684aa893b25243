package sqlstore

import (
	"context"
	"fmt"

	"github.com/menjin-id/menjin/domain"
)

// Each gives every session that can still be refreshed, its session key and hashes included, one after the other, until use
// returns an error. It is for moving them to another store.
func (s *Sessions) Each(ctx context.Context, use func(*domain.Session) error) error {
	err := s.db.query(ctx, func(found rows) error {
		for found.Next() {
			var row sessionRow
			if err := row.scan(found); err != nil {
				return err
			}
			state, err := row.state()
			if err != nil {
				return err
			}
			if len(row.key) > 0 {
				opened, err := open(s.db.cipher, "sessions", "session_key", state.ID.ID, row.key)
				if err != nil {
					return err
				}
				state.SessionKey = domain.SessionKey{Secret: opened}
			}
			if err := use(domain.RestoreSession(state)); err != nil {
				return err
			}
		}
		return nil
	}, selectSession+" ORDER BY user_id, created_at, id")
	if err != nil {
		return fmt.Errorf("read sessions: %w", err)
	}
	return nil
}

// Has tells whether a session is kept, live or not.
func (s *Sessions) Has(ctx context.Context, user domain.UserID, id domain.SessionID) (kept bool, err error) {
	err = s.db.query(ctx, func(found rows) error {
		kept = found.Next()
		return nil
	}, "SELECT 1 FROM sessions WHERE user_id = $1 AND id = $2", s.db.id(user.ID), s.db.id(id.ID))
	if err != nil {
		return false, fmt.Errorf("look for a session: %w", err)
	}
	return kept, nil
}
