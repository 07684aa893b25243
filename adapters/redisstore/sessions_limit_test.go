package redisstore_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/menjin-id/menjin/domain"
)

func TestSessionsIdleLongestGiveWay(t *testing.T) {
	onEachServer(t, func(t *testing.T, s *setup) {
		user := domain.UserID{ID: newID()}
		open := func(most int) (*domain.Session, []domain.SessionID) {
			t.Helper()
			session := newSession(user, now(), limits)
			ended, err := s.store.Open(t.Context(), session, most)
			if err != nil {
				t.Fatal(err)
			}
			return session, ended
		}
		want := func(what string, ended []domain.SessionID, sessions ...*domain.Session) {
			t.Helper()
			var ids []domain.SessionID
			for _, session := range sessions {
				ids = append(ids, session.State().ID)
				if err := s.touch(t, session); !errors.Is(err, domain.ErrSessionEnded) {
					t.Errorf("%s: touch one that gave way: %v", what, err)
				}
				if _, err := s.refresh(t, session, 0, now()); !errors.Is(err, domain.ErrRefreshTokenInvalid) {
					t.Errorf("%s: refresh one that gave way: %v", what, err)
				}
			}
			if !slices.Equal(ids, ended) {
				t.Errorf("%s: %v gave way, want %v", what, ended, ids)
			}
		}
		first, _ := open(3)
		s.age(limits.Idle - 2*time.Minute)
		second, _ := open(3)
		third, ended := open(3)
		want("three of three", ended)
		s.age(time.Minute)
		if err := s.touch(t, second); err != nil {
			t.Fatal(err)
		}
		s.age(2 * time.Minute) // the first is idle; the third was longer than the second
		fourth, ended := open(3)
		want("one idle", ended, first)
		fifth, ended := open(3)
		want("all live", ended, third)
		_, ended = open(1)
		want("a smaller limit", ended, second, fourth, fifth)
		_, ended = open(0)
		if len(ended) != 1 {
			t.Errorf("no limit that makes sense: %v gave way, want all but the new one", ended)
		}
	})
}

func TestIndexLosesWhatHasExpired(t *testing.T) {
	onEachServer(t, func(t *testing.T, s *setup) {
		user, kept := s.open(t)
		brief := limits
		brief.Refresh = time.Hour
		for range 40 {
			s.openFor(t, newSession(user, now(), brief))
		}
		s.age(time.Hour)
		last := newSession(user, now(), limits)
		if ended, err := s.store.Open(t.Context(), last, 20); err != nil || len(ended) > 0 {
			t.Errorf("with two kept of twenty: %v gave way, %v", ended, err)
		}
		index := "sessions:{" + user.String() + "}"
		got := s.client.ZRange(t.Context(), index, 0, -1).Val()
		if len(got) != 2 || got[0] != kept.State().ID.String() || got[1] != last.State().ID.String() {
			t.Errorf("index: got %v, want the one that can be refreshed and the new one", got)
		}
	})
}
