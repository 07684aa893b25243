package redisstore_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// The release before wrote into the index when a session was opened.
func TestSessionOfTheReleaseBeforeCountsAsOpenedBeforeAnyVersion(t *testing.T) {
	onEachServer(t, func(t *testing.T, s *setup) {
		user, old := s.open(t)
		kept := newSessionOn(1<<40, user, now(), limits)
		s.openFor(t, kept)
		aged := redis.Z{Score: float64(old.State().CreatedAt.UnixMicro()), Member: old.State().ID.String()}
		if err := s.client.ZAdd(t.Context(), "sessions:{"+user.String()+"}", aged).Err(); err != nil {
			t.Fatal(err)
		}
		want := []domain.Role{domain.RoleAdmin}
		if err := s.store.SetRoles(t.Context(), user, 2, want); err != nil {
			t.Fatal(err)
		}
		if roles, err := s.store.Touch(t.Context(), user, old.State().ID, now()); err != nil || !slices.Equal(roles, want) {
			t.Errorf("roles: got %v, %v, want %v", roles, err, want)
		}
		if err := s.store.EndOpenedBefore(t.Context(), user, 1, domain.SessionID{}); err != nil {
			t.Fatal(err)
		}
		if err := s.touch(t, old); !errors.Is(err, domain.ErrSessionEnded) {
			t.Errorf("touch: got %v, want %v", err, domain.ErrSessionEnded)
		}
		if err := s.touch(t, kept); err != nil {
			t.Errorf("touch one opened since: %v", err)
		}
	})
}

func TestFenceIsForgottenAfterAnHour(t *testing.T) {
	onEachServer(t, func(t *testing.T, s *setup) {
		user := domain.UserID{ID: newID()}
		if err := s.store.EndOpenedBefore(t.Context(), user, 1<<53, domain.SessionID{}); err != nil {
			t.Fatal(err)
		}
		session := newSessionOn(1<<53-1, user, now(), limits)
		s.age(time.Hour - time.Minute)
		if _, err := s.store.Open(t.Context(), session, most); !errors.Is(err, ports.ErrOutdated) {
			t.Errorf("within the hour: got %v, want %v", err, ports.ErrOutdated)
		}
		s.age(time.Minute)
		if _, err := s.store.Open(t.Context(), session, most); err != nil {
			t.Errorf("after the hour: %v", err)
		}
	})
}
