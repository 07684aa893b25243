package portstest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/menjin-id/menjin/domain"
)

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
	first := s.openedOn(t, ctx, user, 9)
	s.pass(time.Minute)
	second := s.openedOn(t, ctx, user, 8)
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
		slack = cmpopts.EquateApproxTime(30 * time.Second)
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
