package sqlstore

import (
	"context"
	"fmt"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

const newestSessionKey = `SELECT id, session_key_sealed FROM sessions WHERE user_id = $1 AND app_id = $2
ORDER BY created_at DESC, id DESC LIMIT 1`

var _ ports.SessionKeyReader = (*Sessions)(nil)

// NewestKey is ports.SessionKeyReader's.
func (s *Sessions) NewestKey(ctx context.Context, user domain.UserID, app domain.AppID) (domain.SessionKey, error) {
	var (
		id     idColumn
		sealed []byte
	)
	err := s.db.query(ctx, func(found rows) error {
		for found.Next() {
			if err := found.Scan(&id, &sealed); err != nil {
				return err
			}
		}
		return nil
	}, newestSessionKey, s.db.id(user.ID), string(app))
	if err != nil {
		return domain.SessionKey{}, fmt.Errorf("find session key: %w", err)
	}
	key, err := open(s.db.cipher, "sessions", "session_key", domain.ID(id), sealed)
	if err != nil {
		return domain.SessionKey{}, fmt.Errorf("find session key: %w", err)
	}
	return domain.SessionKey{Secret: key}, nil
}
