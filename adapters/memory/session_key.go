package memory

import (
	"context"

	"github.com/menjin-id/menjin/domain"
)

// NewestKey is part of ports.SessionKeyReader.
func (s *Sessions) NewestKey(ctx context.Context, user domain.UserID, app domain.AppID) (domain.SessionKey, error) {
	if err := s.down(ctx); err != nil {
		return domain.SessionKey{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var newest domain.SessionState
	for _, session := range s.kept {
		state := session.State()
		if state.UserID == user && state.AppID == app && state.CreatedAt.After(newest.CreatedAt) {
			newest = state
		}
	}
	return newest.SessionKey, nil
}
