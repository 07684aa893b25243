package memory

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// Sessions is a ports.SessionStore, SessionRefresher, SessionLister, SessionKeyReader and SessionArchive. It goes by the instants it is given.
type Sessions struct {
	outage
	limits domain.SessionLimits

	mu     sync.Mutex
	kept   map[domain.SessionID]*domain.Session
	fences map[domain.UserID]fence
}

// fence is which sessions of a user may not be opened any more, and of which version the roles are that were set last.
type fence struct{ version, roles int64 }

// NewSessions returns an empty store.
func NewSessions(limits domain.SessionLimits) *Sessions {
	return &Sessions{limits: limits, kept: map[domain.SessionID]*domain.Session{}, fences: map[domain.UserID]fence{}}
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
func (s *Sessions) Open(ctx context.Context, session *domain.Session, most int) (ended []domain.SessionID, err error) {
	if err := s.down(ctx); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	opened := session.State()
	if opened.UserVersion < s.fences[opened.UserID].version {
		return nil, ports.ErrOutdated
	}
	kept := s.of(opened.UserID, opened.CreatedAt)
	slices.SortFunc(kept, func(a, b domain.SessionState) int { return a.LastSeenAt.Compare(b.LastSeenAt) })
	for len(kept) > 0 && len(kept) >= most {
		delete(s.kept, kept[0].ID)
		ended, kept = append(ended, kept[0].ID), kept[1:]
	}
	s.kept[opened.ID] = restored(opened)
	return ended, nil
}

// of returns the sessions of a user that have not passed their refresh limit. The caller holds the lock.
func (s *Sessions) of(user domain.UserID, now time.Time) (states []domain.SessionState) {
	for _, session := range s.kept {
		if state := session.State(); state.UserID == user && now.Before(state.RefreshUntil) {
			states = append(states, state)
		}
	}
	return states
}

// restored returns a session that shares nothing with the state.
func restored(state domain.SessionState) *domain.Session {
	state.Roles = slices.Clone(state.Roles)
	return domain.RestoreSession(state)
}

// find returns a session that is kept of a user, or nil. The caller holds the lock.
func (s *Sessions) find(user domain.UserID, id domain.SessionID) *domain.Session {
	if session := s.kept[id]; session != nil && session.State().UserID == user {
		return session
	}
	return nil
}

// Touch is part of ports.SessionStore.
func (s *Sessions) Touch(ctx context.Context, user domain.UserID, id domain.SessionID, now time.Time) ([]domain.Role, error) {
	if err := s.down(ctx); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	session := s.find(user, id)
	if session == nil {
		return nil, domain.ErrSessionEnded
	}
	if err := session.Slide(s.limits.Idle, now); err != nil {
		return nil, err
	}
	return slices.Clone(session.State().Roles), nil
}

// Refresh is part of ports.SessionRefresher.
func (s *Sessions) Refresh(
	ctx context.Context, user domain.UserID, id domain.SessionID, presented, next domain.RefreshHash, now time.Time,
) (*domain.Session, error) {
	if err := s.down(ctx); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	session := s.find(user, id)
	if session == nil {
		return nil, domain.ErrRefreshTokenInvalid
	}
	if err := session.Refresh(presented, next, s.limits, now); err != nil {
		return nil, err
	}
	return restored(session.State()), nil
}

// List is part of ports.SessionLister.
func (s *Sessions) List(ctx context.Context, user domain.UserID, now time.Time) ([]*domain.Session, error) {
	if err := s.down(ctx); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	states := s.of(user, now)
	slices.SortFunc(states, func(a, b domain.SessionState) int { return b.CreatedAt.Compare(a.CreatedAt) })
	var sessions []*domain.Session
	for _, state := range states {
		sessions = append(sessions, restored(state))
	}
	return sessions, nil
}

// SetRoles is part of ports.SessionStore.
func (s *Sessions) SetRoles(ctx context.Context, user domain.UserID, version int64, roles []domain.Role) error {
	if err := s.down(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if version < s.fences[user].roles {
		return nil
	}
	s.fences[user] = fence{version: max(version, s.fences[user].version), roles: version}
	for id, session := range s.kept {
		if state := session.State(); state.UserID == user && state.UserVersion < version {
			state.Roles = roles
			s.kept[id] = restored(state)
		}
	}
	return nil
}
