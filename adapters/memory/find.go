package memory

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// fold makes equal what differs in case alone.
func fold(text string) string { return strings.ToLower(text) }

func hasIdentity(state domain.UserState, app domain.AppID, openID domain.OpenID) bool {
	return slices.ContainsFunc(state.WeChat, func(i domain.WeChatIdentity) bool {
		return i.AppID == app && i.OpenID.Equal(openID.Secret)
	})
}

func hasUnionID(state domain.UserState, unionID domain.UnionID) bool {
	return !unionID.IsZero() && slices.ContainsFunc(state.WeChat, func(i domain.WeChatIdentity) bool {
		return i.UnionID.Equal(unionID.Secret)
	})
}

func shareUnionID(one, other domain.UserState) bool {
	return slices.ContainsFunc(one.WeChat, func(i domain.WeChatIdentity) bool { return hasUnionID(other, i.UnionID) })
}

func hasUsername(state domain.UserState, name domain.Username) bool {
	return name != domain.Username{} && fold(state.Username.String()) == fold(name.String())
}

func hasEmail(state domain.UserState, email domain.Email) bool {
	return !email.IsZero() && fold(state.Email.Reveal()) == fold(email.Reveal())
}

// matching returns copies of the users that a test holds for, by rising id. The caller holds the lock.
func (s *Store) matching(holds func(domain.UserState) bool) (users []*domain.User) {
	for _, state := range s.users {
		if holds(state) {
			users = append(users, copyOf(domain.RestoreUser(state)))
		}
	}
	slices.SortFunc(users, func(a, b *domain.User) int { return compareIDs(a.ID().ID, b.ID().ID) })
	return users
}

// first returns the one user a test holds for.
func (s *Store) first(holds func(domain.UserState) bool) (*domain.User, error) {
	users := s.matching(holds)
	if len(users) == 0 {
		return nil, domain.ErrUserNotFound
	}
	return users[0], nil
}

func compareIDs(a, b domain.ID) int { return bytes.Compare(a[:], b[:]) }

// ByUsername is part of ports.UserFinder.
func (s *Store) ByUsername(ctx context.Context, name domain.Username) (*domain.User, error) {
	if err := s.down(ctx); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.first(func(state domain.UserState) bool { return hasUsername(state, name) })
}

// ByEmail is part of ports.UserFinder.
func (s *Store) ByEmail(ctx context.Context, email domain.Email) (*domain.User, error) {
	if err := s.down(ctx); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.first(func(state domain.UserState) bool { return hasEmail(state, email) })
}

// ByUnionID is part of ports.UserFinder.
func (s *Store) ByUnionID(ctx context.Context, unionID domain.UnionID) ([]*domain.User, error) {
	if err := s.down(ctx); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	users := s.matching(func(state domain.UserState) bool { return hasUnionID(state, unionID) })
	slices.SortStableFunc(users, func(a, b *domain.User) int { return a.State().CreatedAt.Compare(b.State().CreatedAt) })
	return users, nil
}

// Browse is part of ports.UserBrowser.
func (s *Store) Browse(ctx context.Context, filter ports.UserFilter, after domain.UserID, limit int) ([]*domain.User, error) {
	if err := s.down(ctx); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	users := s.matching(func(state domain.UserState) bool {
		return compareIDs(state.ID.ID, after.ID) > 0 &&
			strings.HasPrefix(fold(state.Username.String()), fold(filter.UsernamePrefix)) &&
			(filter.Email.IsZero() || hasEmail(state, filter.Email)) &&
			(filter.Phone.IsZero() || state.Phone.Equal(filter.Phone.Secret)) &&
			(filter.Role == "" || slices.Contains(state.Roles, filter.Role))
	})
	return users[:min(limit, len(users))], nil
}

// Entries is part of ports.AuditReader.
func (s *Store) Entries(ctx context.Context, filter ports.AuditFilter, before domain.ID, limit int) ([]domain.AuditEntry, error) {
	if err := s.down(ctx); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []domain.AuditEntry
	for _, entry := range s.entries {
		if (before.IsZero() || compareIDs(entry.ID, before) < 0) &&
			entry.Actor.UserID == cmp.Or(filter.Actor, entry.Actor.UserID) &&
			entry.Target == cmp.Or(filter.Target, entry.Target) && entry.Action == cmp.Or(filter.Action, entry.Action) {
			found = append(found, entry)
		}
	}
	slices.SortFunc(found, func(a, b domain.AuditEntry) int { return compareIDs(b.ID, a.ID) })
	return found[:min(limit, len(found))], nil
}
