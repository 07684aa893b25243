package portstest

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/menjin-id/menjin/domain"
)

var limitContracts = []contract[*sessions]{
	{"the session idle longest gives way to one too many", limitIdlest},
	{"several give way where the limit was lowered", limitLowered},
	{"sessions past their refresh limit take nobody's place", limitPast},
	{"sessions opened at once leave as many as are allowed", limitParallel},
}

func (s *sessions) openAmong(t *testing.T, ctx context.Context, user domain.UserID, most int) (opened domain.SessionID, ended []domain.SessionID) {
	t.Helper()
	session := newSession(user, s.now, s.limits)
	ended, err := s.Store.Open(ctx, session, most)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	return session.State().ID, ended
}

func limitIdlest(t *testing.T, ctx context.Context, s *sessions) {
	user, other := newUserID(), newUserID()
	stranger := s.open(t, ctx, other)
	var ids []domain.SessionID
	for range 3 {
		id, ended := s.openAmong(t, ctx, user, 3)
		if len(ended) != 0 {
			t.Errorf("open below the limit: got %v ended, want none", ended)
		}
		ids = append(ids, id)
		s.pass(10 * time.Minute)
	}
	s.wantLive(t, ctx, user, ids[0])
	s.pass(10 * time.Minute)
	newest, ended := s.openAmong(t, ctx, user, 3)
	if !slices.Equal(ended, ids[1:2]) {
		t.Errorf("open beyond the limit: got %v ended, want %v", ended, ids[1:2])
	}
	s.wantEnded(t, ctx, user, ids[1])
	for _, id := range []domain.SessionID{ids[0], ids[2], newest} {
		s.wantLive(t, ctx, user, id)
	}
	s.wantLive(t, ctx, other, stranger)
}

func limitLowered(t *testing.T, ctx context.Context, s *sessions) {
	user := newUserID()
	var ids []domain.SessionID
	for range 4 {
		ids = append(ids, s.open(t, ctx, user))
		s.pass(time.Minute)
	}
	newest, ended := s.openAmong(t, ctx, user, 2)
	slices.SortFunc(ended, func(a, b domain.SessionID) int { return slices.Index(ids, a) - slices.Index(ids, b) })
	if !slices.Equal(ended, ids[:3]) {
		t.Errorf("open beyond the limit: got %v ended, want %v", ended, ids[:3])
	}
	s.wantList(t, ctx, user, newest, ids[3])
}

func limitPast(t *testing.T, ctx context.Context, s *sessions) {
	user := newUserID()
	s.open(t, ctx, user)
	s.open(t, ctx, user)
	s.pass(s.limits.Refresh + time.Minute)
	first, _ := s.openAmong(t, ctx, user, 2)
	s.pass(time.Minute)
	second, _ := s.openAmong(t, ctx, user, 2)
	s.wantList(t, ctx, user, second, first)
	s.wantLive(t, ctx, user, first)
}

func limitParallel(t *testing.T, ctx context.Context, s *sessions) {
	const most = 3
	user := newUserID()
	var (
		opening sync.WaitGroup
		mu      sync.Mutex
		ended   []domain.SessionID
	)
	for range 10 {
		opening.Go(func() {
			gaveWay, err := s.Store.Open(ctx, newSession(user, s.now, s.limits), most)
			if err != nil {
				t.Errorf("open: %v", err)
			}
			mu.Lock()
			defer mu.Unlock()
			ended = append(ended, gaveWay...)
		})
	}
	opening.Wait()
	s.pass(time.Minute)
	_, gaveWay := s.openAmong(t, ctx, user, most) // makes good what a race may have left over
	ended = append(ended, gaveWay...)
	kept := s.list(t, ctx, user)
	if len(kept) != most || len(ended) != 11-most {
		t.Errorf("got %d sessions kept and %d that gave way, want %d and %d", len(kept), len(ended), most, 11-most)
	}
	for _, state := range kept {
		if slices.Contains(ended, state.ID) {
			t.Errorf("session %v is kept and gave way", state.ID)
		}
	}
}
