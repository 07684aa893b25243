package portstest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/menjin-id/menjin/domain"
)

func refreshParallel(t *testing.T, ctx context.Context, s *sessions) {
	session := s.opened(t, ctx, newUserID())
	current := session.RefreshHash
	for range 5 {
		want, start := successor(current), make(chan struct{})
		var refreshing sync.WaitGroup
		for range 10 {
			refreshing.Go(func() {
				<-start
				got, err := s.refresh(ctx, session, current)
				if err != nil {
					t.Errorf("refresh: %v", err)
				} else if got.State().RefreshHash != want {
					t.Error("refresh: got another successor, want the one and only")
				}
			})
		}
		close(start)
		refreshing.Wait()
		current = want
		s.pass(time.Minute)
	}
	s.refreshed(t, ctx, session, current)
}

func refreshEndRace(t *testing.T, ctx context.Context, s *sessions) {
	session := s.opened(t, ctx, newUserID())
	ended := make(chan struct{})
	var refreshing sync.WaitGroup
	for range 4 {
		refreshing.Go(func() {
			current := session.RefreshHash
			for last := false; !last; {
				select {
				case <-ended:
					last = true
				default:
				}
				got, err := s.refresh(ctx, session, current)
				switch {
				case last && !errors.Is(err, domain.ErrRefreshTokenInvalid):
					t.Errorf("refresh after the end: got error %v, want %v", err, domain.ErrRefreshTokenInvalid)
				case err == nil:
					current = got.State().RefreshHash
				case errors.Is(err, domain.ErrRefreshTokenInvalid), errors.Is(err, domain.ErrRefreshTokenReused): // outrun by others, or the end
				default:
					t.Errorf("refresh: %v", err)
				}
			}
		})
	}
	if err := s.Store.End(ctx, session.UserID, session.ID); err != nil {
		t.Errorf("end: %v", err)
	}
	close(ended)
	refreshing.Wait()
	s.wantEnded(t, ctx, session.UserID, session.ID)
}
