package memory

import (
	"context"
	"slices"
	"time"

	"github.com/menjin-id/menjin/domain"
)

// End is part of ports.SessionStore.
func (s *Sessions) End(ctx context.Context, user domain.UserID, id domain.SessionID) error {
	if err := s.down(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.find(user, id) != nil {
		delete(s.kept, id)
	}
	return nil
}

// EndOpenedBefore is part of ports.SessionStore.
func (s *Sessions) EndOpenedBefore(ctx context.Context, user domain.UserID, version int64, except domain.SessionID) error {
	if err := s.down(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fences[user] = fence{version: max(version, s.fences[user].version), roles: s.fences[user].roles}
	for id, session := range s.kept {
		if state := session.State(); state.UserID == user && state.UserVersion < version && id != except {
			delete(s.kept, id)
		}
	}
	return nil
}

// Sweep is part of ports.SessionArchive.
func (s *Sessions) Sweep(ctx context.Context, before time.Time, limit int) (int64, error) {
	if err := s.down(ctx); err != nil {
		return 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var past []domain.SessionState
	for _, session := range s.kept {
		if state := session.State(); state.RefreshUntil.Before(before) {
			past = append(past, state)
		}
	}
	slices.SortFunc(past, func(a, b domain.SessionState) int { return a.RefreshUntil.Compare(b.RefreshUntil) })
	past = past[:min(limit, len(past))]
	for _, state := range past {
		delete(s.kept, state.ID)
	}
	return int64(len(past)), nil
}
