package redisstore_test

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/menjin-id/menjin/adapters/redisstore"
	"github.com/menjin-id/menjin/domain"
)

// moved are sessions as another store kept them: used a while ago, refreshed once, idle, at their end, and past it.
func moved(t *testing.T, s *setup) (kept []*domain.Session) {
	t.Helper()
	at, user := now(), domain.UserID{ID: newID()}
	ages := map[time.Duration]bool{time.Minute: true, 20 * time.Minute: true, 24 * time.Hour: false, 40 * 24 * time.Hour: false}
	sessions := make([]*domain.Session, 0, len(ages)+1)
	for age := range ages {
		sessions = append(sessions, newSession(user, at.Add(-age), limits))
	}
	refreshed := newSessionOn(7, domain.UserID{ID: newID()}, at.Add(-time.Hour), limits)
	next := refreshToken(refreshed.State().UserID, refreshed.State().ID, 1).Hash()
	if err := refreshed.Refresh(refreshed.State().RefreshHash, next, limits, at.Add(-time.Second)); err != nil {
		t.Fatal(err)
	}
	sessions = append(sessions, refreshed)
	count, err := s.store.Move(t.Context(), sessions, at)
	if err != nil || count != int64(len(sessions)-1) {
		t.Fatalf("move: got %d sessions, %v; want all but the one past its refresh limit", count, err)
	}
	return slices.DeleteFunc(sessions, func(session *domain.Session) bool { return at.After(session.State().RefreshUntil) })
}

func TestMovedSessionsAreUsedAsBefore(t *testing.T) {
	onEachServer(t, func(t *testing.T, s *setup) {
		kept := moved(t, s)
		for range 2 {
			if err := s.store.Compare(t.Context(), kept, now()); err != nil {
				t.Fatalf("compare: %v", err)
			}
			if _, err := s.store.Move(t.Context(), kept, now()); err != nil { // again, as after a crash
				t.Fatal(err)
			}
		}
		for _, session := range kept {
			state := session.State()
			var want error
			if session.Check(now()) != nil {
				want = domain.ErrSessionEnded
			}
			if err := s.touch(t, session); !errors.Is(err, want) {
				t.Errorf("touch a session idle until %s: got %v, want %v", state.IdleUntil, err, want)
			}
			generation := 0
			if !state.RefreshedAt.IsZero() {
				generation = 1
			}
			got, err := s.refresh(t, session, generation, now())
			if err != nil || !got.State().SessionKey.Equal(state.SessionKey.Secret) {
				t.Errorf("refresh a session opened at %s: got %v, want it with its session key", state.CreatedAt, err)
			}
		}
		listed, err := s.store.List(t.Context(), kept[0].State().UserID, now())
		if err != nil || len(listed) == 0 {
			t.Errorf("list: got %d sessions, %v", len(listed), err)
		}
	})
}

func TestCompareNamesTheSessionAndWhatDiffers(t *testing.T) {
	onEachServer(t, func(t *testing.T, s *setup) {
		ctx := t.Context()
		for what, plant := range map[string]func(live, refresh, index, id string) error{
			"does not have it":      func(_, refresh, _, _ string) error { return s.client.Del(ctx, refresh).Err() },
			"until when it is live": func(live, _, _, _ string) error { return s.client.Del(ctx, live).Err() },
			"when it is forgotten":  func(_, refresh, _, _ string) error { return s.client.Persist(ctx, refresh).Err() },
			"what requests read":    func(live, _, _, _ string) error { return s.rewrite(t, live, ",support", ",admin") },
			"Roles":                 func(_, refresh, _, _ string) error { return s.rewrite(t, refresh, ",support", ",admin") },
			"IP":                    func(_, refresh, _, _ string) error { return s.rewrite(t, refresh, "2001:db8::1", "2001:db8::2") },
			"Device":                func(_, refresh, _, _ string) error { return s.rewrite(t, refresh, "Android 16", "Android 15") },
			"ReplacedHash": func(_, refresh, _, _ string) error {
				return s.rewrite(t, refresh, " - ", " "+strings.Repeat("0f", 32)+" ")
			},
			"under its version":  func(_, _, index, id string) error { return s.client.ZIncrBy(ctx, index, 1, id).Err() },
			"list of the user's": func(_, _, index, _ string) error { return s.client.PExpire(ctx, index, time.Hour).Err() },
		} {
			session := newSession(domain.UserID{ID: newID()}, now(), limits)
			if _, err := s.store.Move(ctx, []*domain.Session{session}, now()); err != nil {
				t.Fatal(err)
			}
			user, id := session.State().UserID.String(), session.State().ID.String()
			live, refresh := "session:{"+user+"}:"+id, "refresh:{"+user+"}:"+id
			if err := plant(live, refresh, "sessions:{"+user+"}", id); err != nil {
				t.Fatal(err)
			}
			err := s.store.Compare(ctx, []*domain.Session{session}, now())
			if !errors.Is(err, redisstore.ErrDiffers) || !strings.Contains(err.Error(), what) || !strings.Contains(err.Error(), id) {
				t.Errorf("compare: got %v, want one that matches ErrDiffers with %q and %s", err, what, id)
			}
		}
	})
}

// rewrite replaces a part of a value that must be there, and keeps when it expires.
func (s *setup) rewrite(t *testing.T, key, from, to string) error {
	t.Helper()
	value, err := s.client.Get(t.Context(), key).Result()
	if err != nil || !strings.Contains(value, from) {
		t.Fatalf("%s: got %q, %v; want one with %q", key, value, err, from)
	}
	return s.client.SetArgs(t.Context(), key, strings.Replace(value, from, to, 1), redis.SetArgs{KeepTTL: true}).Err()
}

func TestEachIDFindsEverySession(t *testing.T) {
	onEachServer(t, func(t *testing.T, s *setup) {
		want := map[domain.SessionID]bool{}
		for i := range 300 {
			session := newSession(domain.UserID{ID: newID()}, now(), limits)
			if i%2 == 0 { // not live any more
				session = newSession(domain.UserID{ID: newID()}, now().Add(-time.Hour), limits)
			}
			if _, err := s.store.Move(t.Context(), []*domain.Session{session}, now()); err != nil {
				t.Fatal(err)
			}
			want[session.State().ID] = true
		}
		for i := range 50 {
			if err := s.client.Set(t.Context(), "attempts:{other}:"+strconv.Itoa(i), 1, time.Minute).Err(); err != nil {
				t.Fatal(err)
			}
		}
		err := s.store.EachID(t.Context(), func(_ domain.UserID, id domain.SessionID) error {
			delete(want, id)
			return nil
		})
		if err != nil || len(want) > 0 {
			t.Errorf("each id: %d of 300 are missing, %v", len(want), err)
		}
		stop := errors.New("enough")
		if err := s.store.EachID(t.Context(), func(domain.UserID, domain.SessionID) error { return stop }); !errors.Is(err, stop) {
			t.Errorf("each id: got %v, want the error of use", err)
		}
	})
}
