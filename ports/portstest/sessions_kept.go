package portstest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/menjin-id/menjin/domain"
)

var roleContracts = []contract[*sessions]{
	{"a request is told the roles kept with the session", rolesTouched},
	{"other roles are seen by the next request of every session", rolesChanged},
	{"other roles reach an idle session too, and no other user", rolesIdle},
}

func (s *sessions) wantRoles(t *testing.T, ctx context.Context, session domain.SessionState, want ...domain.Role) {
	t.Helper()
	got, err := s.Store.Touch(ctx, session.UserID, session.ID, s.now)
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("touch: got roles %v, error %v, want %v", got, err, want)
	}
}

func (s *sessions) setRoles(t *testing.T, ctx context.Context, user domain.UserID, roles ...domain.Role) {
	t.Helper()
	if err := s.Store.SetRoles(ctx, user, roles); err != nil {
		t.Fatalf("set roles: %v", err)
	}
}

func rolesTouched(t *testing.T, ctx context.Context, s *sessions) {
	session := s.opened(t, ctx, newUserID())
	for range 3 {
		s.wantRoles(t, ctx, session, domain.RoleSupport, domain.RoleUser)
		s.pass(s.limits.Idle / 3)
	}
}

func rolesChanged(t *testing.T, ctx context.Context, s *sessions) {
	user := newUserID()
	first, second := s.opened(t, ctx, user), s.opened(t, ctx, user)
	s.wantRoles(t, ctx, first, domain.RoleSupport, domain.RoleUser)
	for _, roles := range [][]domain.Role{{domain.RoleAdmin, domain.RoleUser}, {domain.RoleUser}, {domain.RoleUser}} {
		s.setRoles(t, ctx, user, roles...)
		s.wantRoles(t, ctx, first, roles...)
		s.wantRoles(t, ctx, second, roles...)
	}
	third := s.opened(t, ctx, user)
	s.wantRoles(t, ctx, third, domain.RoleSupport, domain.RoleUser)
	s.setRoles(t, ctx, newUserID(), domain.RoleUser) // nobody is signed in
}

func rolesIdle(t *testing.T, ctx context.Context, s *sessions) {
	session, other := s.opened(t, ctx, newUserID()), s.opened(t, ctx, newUserID())
	s.pass(s.limits.Idle + time.Minute)
	s.setRoles(t, ctx, session.UserID, domain.RoleUser)
	s.wantEnded(t, ctx, session.UserID, session.ID)
	s.refreshed(t, ctx, session, session.RefreshHash)
	s.wantRoles(t, ctx, session, domain.RoleUser)
	if got := s.refreshed(t, ctx, other, other.RefreshHash).Roles; !slices.Equal(got, other.Roles) {
		t.Errorf("another user's session: got roles %v, want %v", got, other.Roles)
	}
	// A session that is gone is not brought back by roles.
	s.endUntil(t, ctx, session.UserID, s.now)
	s.setRoles(t, ctx, session.UserID, domain.RoleAdmin)
	s.wantEnded(t, ctx, session.UserID, session.ID)
	s.wantList(t, ctx, session.UserID)
}

var listContracts = []contract[*sessions]{
	{"sessions are listed newest first, live and idle", listKept},
	{"sessions that ended or are past their refresh limit are not listed", listGone},
}

func (s *sessions) list(t *testing.T, ctx context.Context, user domain.UserID) (states []domain.SessionState) {
	t.Helper()
	sessions, err := s.Lister.List(ctx, user, s.now)
	if err != nil {
		t.Fatalf("list: %v", err)
	}
	for _, session := range sessions {
		states = append(states, session.State())
	}
	return states
}

// only returns the user's one session.
func (s *sessions) only(t *testing.T, ctx context.Context, user domain.UserID) domain.SessionState {
	t.Helper()
	states := s.list(t, ctx, user)
	if len(states) != 1 {
		t.Fatalf("list: got %d sessions, want 1", len(states))
	}
	return states[0]
}

func (s *sessions) wantList(t *testing.T, ctx context.Context, user domain.UserID, want ...domain.SessionID) {
	t.Helper()
	var got []domain.SessionID
	for _, state := range s.list(t, ctx, user) {
		got = append(got, state.ID)
	}
	if !slices.Equal(got, want) {
		t.Errorf("list: got %v, want %v", got, want)
	}
}

func listKept(t *testing.T, ctx context.Context, s *sessions) {
	user := newUserID()
	s.wantList(t, ctx, user)
	first := s.opened(t, ctx, user)
	s.pass(time.Minute)
	second := s.opened(t, ctx, user)
	s.opened(t, ctx, newUserID())
	s.wantList(t, ctx, user, second.ID, first.ID)
	s.pass(s.limits.Idle / 2)
	s.wantLive(t, ctx, user, first.ID)
	first.LastSeenAt, first.IdleUntil = s.now, s.now.Add(s.limits.Idle)
	s.pass(s.limits.Idle / 2)

	got := s.list(t, ctx, user)
	for i := range got { // may be left out
		got[i].SessionKey, got[i].RefreshHash, got[i].ReplacedHash = domain.SessionKey{}, domain.RefreshHash{}, domain.RefreshHash{}
	}
	want := []domain.SessionState{second, first}
	for i := range want {
		want[i].SessionKey, want[i].RefreshHash = domain.SessionKey{}, domain.RefreshHash{}
	}
	// A server that keeps time by itself goes on while the test runs.
	slack := cmpopts.EquateApproxTime(0)
	if s.Advance != nil {
		slack = cmpopts.EquateApproxTime(5 * time.Second)
	}
	if diff := diff(want, got, slack); diff != "" {
		t.Errorf("list differs (-want +got):\n%s", diff)
	}
	if len(got) == 2 && (got[0].IdleUntil.After(s.now) || !got[1].IdleUntil.After(s.now)) {
		t.Errorf("idle limits: got %s and %s, want the first reached at %s, the second not", got[0].IdleUntil, got[1].IdleUntil, s.now)
	}
}

func listGone(t *testing.T, ctx context.Context, s *sessions) {
	user := newUserID()
	old := s.opened(t, ctx, user)
	s.pass(time.Hour)
	ended := s.opened(t, ctx, user)
	kept := s.opened(t, ctx, user)
	if err := s.Store.End(ctx, user, ended.ID); err != nil {
		t.Fatalf("end: %v", err)
	}
	s.wantList(t, ctx, user, kept.ID, old.ID)
	s.pass(s.limits.Refresh - time.Hour)
	s.wantList(t, ctx, user, kept.ID)
}
