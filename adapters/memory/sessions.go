package memory

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/menjin-id/menjin/domain"
)

// Sessions is a ports.SessionStore and its SessionArchive. It goes by the instants it is given.
type Sessions struct {
	outage
	limits domain.SessionLimits

	mu   sync.Mutex
	kept map[domain.SessionID]*domain.Session
}

// NewSessions returns an empty store.
func NewSessions(limits domain.SessionLimits) *Sessions {
	return &Sessions{limits: limits, kept: map[domain.SessionID]*domain.Session{}}
}

// Of returns the sessions kept of a user, live or not, the oldest first.
func (s *Sessions) Of(user domain.UserID) (states []domain.SessionState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, session := range s.kept {
		if state := session.State(); state.UserID == user {
			states = append(states, state)
		}
	}
	slices.SortFunc(states, func(a, b domain.SessionState) int { return a.CreatedAt.Compare(b.CreatedAt) })
	return states
}

// Open is part of ports.SessionStore.
func (s *Sessions) Open(ctx context.Context, session *domain.Session) error {
	if err := s.down(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	state := session.State()
	s.kept[state.ID] = domain.RestoreSession(state)
	return nil
}

// Touch is part of ports.SessionStore.
func (s *Sessions) Touch(ctx context.Context, user domain.UserID, id domain.SessionID, now time.Time) error {
	if err := s.down(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	session := s.kept[id]
	if session == nil || session.State().UserID != user {
		return domain.ErrSessionEnded
	}
	return session.Slide(s.limits.Idle, now)
}

// End is part of ports.SessionStore.
func (s *Sessions) End(ctx context.Context, user domain.UserID, id domain.SessionID) error {
	return s.forget(ctx, func(state domain.SessionState) bool { return state.ID == id && state.UserID == user })
}

// EndOpenedUntil is part of ports.SessionStore.
func (s *Sessions) EndOpenedUntil(ctx context.Context, user domain.UserID, until time.Time) error {
	return s.forget(ctx, func(state domain.SessionState) bool {
		return state.UserID == user && !state.CreatedAt.After(until)
	})
}

func (s *Sessions) forget(ctx context.Context, which func(domain.SessionState) bool) error {
	if err := s.down(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, session := range s.kept {
		if which(session.State()) {
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
