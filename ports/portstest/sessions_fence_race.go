package portstest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// openAmid opens sessions on versions 1 to 8, twice each, while act is called for the versions 3, 5 and 7 in some order.
func (s *sessions) openAmid(
	t *testing.T, ctx context.Context, user domain.UserID, act func(version int64) error,
) (opened []domain.SessionState) {
	var (
		both sync.WaitGroup
		mu   sync.Mutex
	)
	for i := range int64(16) {
		both.Go(func() {
			session := newSessionOn(1+i%8, user, s.now, s.limits)
			_, err := s.Store.Open(ctx, session, many)
			switch {
			case err == nil:
				mu.Lock()
				defer mu.Unlock()
				opened = append(opened, session.State())
			case !errors.Is(err, ports.ErrOutdated):
				t.Errorf("open: %v", err)
			case session.State().UserVersion >= 7:
				t.Errorf("open on version %d: got %v, want it opened", session.State().UserVersion, err)
			}
		})
	}
	for _, version := range []int64{5, 7, 3} {
		both.Go(func() {
			if err := act(version); err != nil {
				t.Errorf("act on version %d: %v", version, err)
			}
		})
	}
	both.Wait()
	return opened
}

func openRace(t *testing.T, ctx context.Context, s *sessions) {
	for range 10 {
		user := newUserID()
		opened := s.openAmid(t, ctx, user, func(version int64) error {
			return s.Store.EndOpenedBefore(ctx, user, version, domain.SessionID{})
		})
		for _, session := range opened {
			if session.UserVersion < 7 {
				s.wantEnded(t, ctx, user, session.ID)
			} else {
				s.wantLive(t, ctx, user, session.ID)
			}
		}
	}
}

func openRolesRace(t *testing.T, ctx context.Context, s *sessions) {
	roles := map[int64][]domain.Role{3: {domain.RoleAdmin}, 5: {domain.RoleAdmin, domain.RoleUser}, 7: {domain.RoleUser}}
	for range 10 {
		user := newUserID()
		opened := s.openAmid(t, ctx, user, func(version int64) error {
			return s.Store.SetRoles(ctx, user, version, roles[version])
		})
		for _, session := range opened {
			want := session.Roles
			if session.UserVersion < 7 {
				want = roles[7]
			}
			got, err := s.Store.Touch(ctx, user, session.ID, s.now)
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("opened on version %d: got roles %v, error %v, want %v", session.UserVersion, got, err, want)
			}
		}
	}
}
