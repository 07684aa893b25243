package portstest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/menjin-id/menjin/domain"
)

var roleContracts = []contract[*sessions]{
	{"a request is told the roles kept with the session", rolesTouched},
	{"other roles are seen by the next request of every session", rolesChanged},
	{"other roles reach an idle session too, and no other user", rolesIdle},
	{"roles leave alone a session that was opened on them or on newer ones", rolesNewer},
	{"older roles that arrive late change nothing", rolesLate},
	{"roles reach the one session that an ending left", rolesExcepted},
}

// sampleRoles are those of every session just opened.
func sampleRoles() []domain.Role { return []domain.Role{domain.RoleSupport, domain.RoleUser} }

func (s *sessions) wantRoles(t *testing.T, ctx context.Context, session domain.SessionState, want ...domain.Role) {
	t.Helper()
	got, err := s.Store.Touch(ctx, session.UserID, session.ID, s.now)
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("touch: got roles %v, error %v, want %v", got, err, want)
	}
}

func (s *sessions) setRoles(t *testing.T, ctx context.Context, user domain.UserID, version int64, roles ...domain.Role) {
	t.Helper()
	if err := s.Store.SetRoles(ctx, user, version, roles); err != nil {
		t.Fatalf("set roles: %v", err)
	}
}

func rolesTouched(t *testing.T, ctx context.Context, s *sessions) {
	session := s.opened(t, ctx, newUserID())
	for range 3 {
		s.wantRoles(t, ctx, session, sampleRoles()...)
		s.pass(s.limits.Idle / 3)
	}
}

func rolesChanged(t *testing.T, ctx context.Context, s *sessions) {
	user := newUserID()
	first, second := s.opened(t, ctx, user), s.opened(t, ctx, user)
	s.wantRoles(t, ctx, first, sampleRoles()...)
	for i, roles := range [][]domain.Role{{domain.RoleAdmin, domain.RoleUser}, {domain.RoleUser}, {domain.RoleUser}} {
		s.setRoles(t, ctx, user, int64(2+i), roles...)
		s.wantRoles(t, ctx, first, roles...)
		s.wantRoles(t, ctx, second, roles...)
	}
	s.setRoles(t, ctx, newUserID(), 2, domain.RoleUser) // nobody is signed in
}

func rolesIdle(t *testing.T, ctx context.Context, s *sessions) {
	session, other := s.opened(t, ctx, newUserID()), s.opened(t, ctx, newUserID())
	s.pass(s.limits.Idle + time.Minute)
	s.setRoles(t, ctx, session.UserID, 2, domain.RoleUser)
	s.wantEnded(t, ctx, session.UserID, session.ID)
	s.refreshed(t, ctx, session, session.RefreshHash)
	s.wantRoles(t, ctx, session, domain.RoleUser)
	if got := s.refreshed(t, ctx, other, other.RefreshHash).Roles; !slices.Equal(got, other.Roles) {
		t.Errorf("another user's session: got roles %v, want %v", got, other.Roles)
	}
	// A session that is gone is not brought back by roles.
	s.endBefore(t, ctx, session.UserID, 3)
	s.setRoles(t, ctx, session.UserID, 4, domain.RoleAdmin)
	s.wantEnded(t, ctx, session.UserID, session.ID)
	s.wantList(t, ctx, session.UserID)
}

func rolesNewer(t *testing.T, ctx context.Context, s *sessions) {
	user := newUserID()
	older, equal, newer := s.openedOn(t, ctx, user, 4), s.openedOn(t, ctx, user, 5), s.openedOn(t, ctx, user, 6)
	for range 2 {
		s.setRoles(t, ctx, user, 5, domain.RoleUser)
		s.wantRoles(t, ctx, older, domain.RoleUser)
		s.wantRoles(t, ctx, equal, sampleRoles()...)
		s.wantRoles(t, ctx, newer, sampleRoles()...)
	}
}

func rolesLate(t *testing.T, ctx context.Context, s *sessions) {
	user := newUserID()
	session := s.opened(t, ctx, user)
	s.setRoles(t, ctx, user, 5, domain.RoleUser)
	for _, late := range []int64{4, 2, 1} {
		s.setRoles(t, ctx, user, late, domain.RoleAdmin, domain.RoleUser)
		s.wantRoles(t, ctx, session, domain.RoleUser)
	}
	s.wantOutdated(t, ctx, user, 4)
	s.setRoles(t, ctx, user, 6, domain.RoleSupport)
	s.wantRoles(t, ctx, session, domain.RoleSupport)
}

func rolesExcepted(t *testing.T, ctx context.Context, s *sessions) {
	user := newUserID()
	session := s.opened(t, ctx, user)
	if err := s.Store.EndOpenedBefore(ctx, user, 9, session.ID); err != nil {
		t.Fatalf("end all but one: %v", err)
	}
	s.setRoles(t, ctx, user, 5, domain.RoleUser) // before the ending, and late
	s.wantRoles(t, ctx, session, domain.RoleUser)
	s.wantOutdated(t, ctx, user, 8)
}
