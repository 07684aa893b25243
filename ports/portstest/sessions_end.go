package portstest

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/menjin-id/menjin/domain"
)

var endContracts = []contract[*sessions]{
	{"ending a session ends it and no other", endOne},
	{"ending a session that is gone is no error", endGone},
	{"a stranger cannot end a session", endByStranger},
	{"no request succeeds that starts after End returned", endRace},
	{"no request succeeds that starts after EndOpenedBefore returned", endBeforeRace},
	{"sessions past their refresh limit are swept, and no others", sweepSessions},
}

func endOne(t *testing.T, ctx context.Context, s *sessions) {
	user := newUserID()
	ended, other := s.open(t, ctx, user), s.open(t, ctx, user)
	if err := s.Store.End(ctx, user, ended); err != nil {
		t.Fatalf("end: %v", err)
	}
	s.wantEnded(t, ctx, user, ended)
	s.wantLive(t, ctx, user, other)
}

func endGone(t *testing.T, ctx context.Context, s *sessions) {
	user := newUserID()
	id := s.open(t, ctx, user)
	for _, gone := range []domain.SessionID{id, id, {ID: newID()}} {
		if err := s.Store.End(ctx, user, gone); err != nil {
			t.Errorf("end: %v", err)
		}
	}
	if err := s.Store.EndOpenedBefore(ctx, newUserID(), 2, domain.SessionID{}); err != nil {
		t.Errorf("end all of a user without sessions: %v", err)
	}
}

func endByStranger(t *testing.T, ctx context.Context, s *sessions) {
	user := newUserID()
	id := s.open(t, ctx, user)
	if err := s.Store.End(ctx, newUserID(), id); err != nil {
		t.Errorf("end: %v", err)
	}
	s.wantLive(t, ctx, user, id)
}

func endRace(t *testing.T, ctx context.Context, s *sessions) {
	s.race(t, ctx, func(user domain.UserID, id domain.SessionID) error { return s.Store.End(ctx, user, id) })
}

func endBeforeRace(t *testing.T, ctx context.Context, s *sessions) {
	s.race(t, ctx, func(user domain.UserID, _ domain.SessionID) error {
		return s.Store.EndOpenedBefore(ctx, user, firstVersion+1, domain.SessionID{})
	})
}

// race ends a session amid requests. Each request is a minute later than the one before, so that no store spares its write.
func (s *sessions) race(t *testing.T, ctx context.Context, end func(domain.UserID, domain.SessionID) error) {
	user := newUserID()
	id := s.open(t, ctx, user)
	var (
		touching sync.WaitGroup
		touches  atomic.Int64
		ended    atomic.Bool
	)
	at := func() time.Time { return s.now.Add(time.Duration(touches.Add(1)%100) * time.Minute / 2) }
	for range 8 {
		touching.Go(func() {
			for last := false; !last; {
				last = ended.Load()
				_, err := s.Store.Touch(ctx, user, id, at())
				if last && !errors.Is(err, domain.ErrSessionEnded) {
					t.Errorf("touch after the end: got error %v, want %v", err, domain.ErrSessionEnded)
				}
				if err != nil && !errors.Is(err, domain.ErrSessionEnded) {
					t.Errorf("touch: %v", err)
				}
			}
		})
	}
	for touches.Load() < 100 && ctx.Err() == nil {
		runtime.Gosched()
	}
	if err := end(user, id); err != nil {
		t.Errorf("end: %v", err)
	}
	ended.Store(true)
	touching.Wait()
	s.wantEnded(t, ctx, user, id)
}

func sweepSessions(t *testing.T, ctx context.Context, s *sessions) {
	if s.Archive == nil {
		forgottenByItself(t, ctx, s)
		return
	}
	user := newUserID()
	want := func(count int64) {
		t.Helper()
		if got, err := s.Archive.Sweep(ctx, s.now, 2); err != nil || got != count {
			t.Errorf("sweep: got %d sessions, error %v, want %d", got, err, count)
		}
	}
	for range 3 {
		s.open(t, ctx, user)
	}
	s.pass(s.limits.Idle + time.Minute)
	fresh := s.open(t, ctx, user)
	want(0)
	s.pass(s.limits.MaxAge - s.limits.Idle)
	want(2)
	want(1)
	want(0)
	s.wantEnded(t, ctx, user, fresh)
}

// forgottenByItself is what a store without an archive must do instead.
func forgottenByItself(t *testing.T, ctx context.Context, s *sessions) {
	t.Helper()
	user := newUserID()
	s.opened(t, ctx, user)
	s.pass(s.limits.MaxAge)
	if got := s.list(t, ctx, user); len(got) != 0 {
		t.Errorf("%d sessions are kept past their limits, want none", len(got))
	}
}
