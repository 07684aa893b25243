package redisstore_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/menjin-id/menjin/adapters/redisstore"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

func TestEachOperationIsOneRoundTrip(t *testing.T) {
	onEachServer(t, func(t *testing.T, s *setup) {
		user, session := s.open(t)
		id := session.State().ID
		limiter, attempts := redisstore.NewLimiter(s.client), redisstore.NewAttempts(s.client)
		tokens, app := redisstore.NewSharedTokens(s.client, s.cipher), domain.AppID("wx"+newID().String())
		operations := []struct {
			name, want string
			do         func() error
		}{
			{"open", "evalsha", func() error {
				_, err := s.store.Open(t.Context(), session, most)
				return err
			}},
			{"touch", "getex", func() error { return s.touch(t, session) }},
			{"refresh", "evalsha", func() error {
				_, err := s.refresh(t, session, 0, now())
				return err
			}},
			{"list", "evalsha", func() error {
				_, err := s.store.List(t.Context(), user, now())
				return err
			}},
			{"newest key", "evalsha", func() error {
				_, err := s.store.NewestKey(t.Context(), user, session.State().AppID)
				return err
			}},
			{"get token", "get", func() error { _, err := tokens.Get(t.Context(), app); return err }},
			{"put token", "evalsha", func() error { return tokens.Put(t.Context(), app, sharedToken()) }},
			{"drop token", "evalsha", func() error { return tokens.Drop(t.Context(), app, sharedToken().Value) }},
			{"lock token", "evalsha", func() error { _, _, err := tokens.Lock(t.Context(), app, time.Minute); return err }},
			{"set roles", "evalsha", func() error { return s.store.SetRoles(t.Context(), user, firstVersion, nil) }},
			{"end", "evalsha", func() error { return s.store.End(t.Context(), user, id) }},
			{"end all", "evalsha", func() error { return s.store.EndOpenedBefore(t.Context(), user, firstVersion, domain.SessionID{}) }},
			{"take", "evalsha", func() error {
				_, err := limiter.Take(t.Context(), user.String(), ports.Rate{Burst: 9, Per: time.Minute}, now())
				return err
			}},
			{"try", "evalsha", func() error {
				_, err := attempts.Try(t.Context(), user.String(), now())
				return err
			}},
			{"clear", "del", func() error { return attempts.Clear(t.Context(), user.String()) }},
		}
		for _, known := range []bool{false, true} { // a script is sent whole the first time
			for _, operation := range operations {
				got := s.seen.commandsOf(func() {
					if err := operation.do(); err != nil {
						t.Errorf("%s: %v", operation.name, err)
					}
				})
				if known && !slices.Equal(got, []string{operation.want}) {
					t.Errorf("%s: sent %v, want %s alone", operation.name, got, operation.want)
				}
			}
		}
	})
}

func TestEveryKeyExpires(t *testing.T) {
	onEachServer(t, func(t *testing.T, s *setup) {
		user, session := s.open(t)
		s.openFor(t, newSession(user, now(), limits))
		check := func(when string, err error, want int) {
			t.Helper()
			if err != nil {
				t.Fatalf("%s: %v", when, err)
			}
			keys := s.keys(t)
			if len(keys) != want {
				t.Errorf("%s: got keys %v, want %d", when, keys, want)
			}
			for _, key := range keys {
				if left := s.client.PTTL(t.Context(), key).Val(); left <= 0 || left > limits.MaxAge {
					t.Errorf("%s: %s expires in %v", when, key, left)
				}
			}
		}
		check("after open", nil, 5)
		check("after touch", s.touch(t, session), 5)
		check("after other roles", s.store.SetRoles(t.Context(), user, 2, []domain.Role{domain.RoleAdmin}), 6)
		_, err := s.refresh(t, session, 0, now())
		check("after refresh", err, 6)
		check("after end", s.store.End(t.Context(), user, session.State().ID), 4)
		check("after all ended", s.store.EndOpenedBefore(t.Context(), user, 2, domain.SessionID{}), 1)
	})
}

func TestIdleSessionKeepsItsRecordUntilTheRefreshLimit(t *testing.T) {
	onEachServer(t, func(t *testing.T, s *setup) {
		s.open(t)
		s.age(limits.Idle)
		if got := s.keys(t); len(got) != 2 || slices.ContainsFunc(got, isLive) {
			t.Errorf("idle: got keys %v, want a record and an index", got)
		}
		s.age(limits.Refresh - limits.Idle)
		if got := s.keys(t); len(got) != 1 || !isIndex(got[0]) {
			t.Errorf("past the refresh limit: got keys %v, want an index", got)
		}
		s.age(limits.MaxAge - limits.Refresh)
		if got := s.keys(t); len(got) != 0 {
			t.Errorf("past the absolute limit: got keys %v, want none", got)
		}
	})
}

func isLive(key string) bool  { return strings.HasPrefix(key, "session:") }
func isIndex(key string) bool { return strings.HasPrefix(key, "sessions:") }

func TestIndexOutlivesTheLongestSession(t *testing.T) {
	onEachServer(t, func(t *testing.T, s *setup) {
		user, session := s.open(t)
		short := domain.SessionLimits{Idle: time.Minute, Refresh: time.Hour, MaxAge: time.Hour}
		s.openFor(t, newSession(user, now(), short))
		left := s.client.PTTL(t.Context(), "sessions:{"+user.String()+"}").Val()
		if want := time.Until(session.State().ExpiresAt) - time.Minute; left < want {
			t.Errorf("index expires in %v, want %v or later", left, want)
		}
	})
}

func TestRecordIsWholeAndHidesItsSecrets(t *testing.T) {
	onEachServer(t, func(t *testing.T, s *setup) {
		user, session := s.open(t)
		state := session.State()
		for _, key := range s.keys(t) {
			value := s.client.Get(t.Context(), key).Val() + strings.Join(s.client.ZRange(t.Context(), key, 0, -1).Val(), " ")
			if strings.Contains(key+value, sessionKey) {
				t.Errorf("%s shows the session key", key)
			}
		}
		text := s.client.Get(t.Context(), "refresh:{"+user.String()+"}:"+state.ID.String()).Val()
		head, body, _ := strings.Cut(text, "\n")
		wantHead := fmt.Sprintf("%x - 0 %d %d %d user,support", state.RefreshHash,
			state.RefreshUntil.UnixMicro(), state.ExpiresAt.UnixMicro(), state.LastSeenAt.UnixMicro())
		if head != wantHead {
			t.Errorf("line:\n got %s\nwant %s", head, wantHead)
		}
		var record struct {
			SessionKey []byte `json:"session_key"`
		}
		var got map[string]any
		if err := errors.Join(json.Unmarshal([]byte(body), &record), json.Unmarshal([]byte(body), &got)); err != nil {
			t.Fatal(err)
		}
		field := ports.Field{Table: "sessions", Column: "session_key", Row: state.ID.ID}
		if opened, err := s.cipher.Open(field, record.SessionKey); err != nil || opened.Reveal() != sessionKey {
			t.Errorf("session key: got %q, %v, want %q", opened.Reveal(), err, sessionKey)
		}
		delete(got, "session_key")
		want := map[string]any{
			"app_id": "wx0123456789abcdef", "ip": "2001:db8::1",
			"device":     map[string]any{"id": "d-1", "model": `Pixel 9 "Pro"`, "platform": "android", "system": "Android 16"},
			"created_at": float64(state.CreatedAt.UnixMicro()), "user_version": float64(firstVersion),
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("record:\n%s", diff)
		}
	})
}

func BenchmarkTouch(b *testing.B) {
	s := servers["redis"](b, limits)
	user, session := s.open(b)
	id, at := session.State().ID, now()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.store.Touch(b.Context(), user, id, at); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkGetEx is the floor of BenchmarkTouch.
func BenchmarkGetEx(b *testing.B) {
	s := servers["redis"](b, limits)
	user, session := s.open(b)
	key := "session:{" + user.String() + "}:" + session.State().ID.String()
	b.ReportAllocs()
	for b.Loop() {
		if err := s.client.GetEx(b.Context(), key, limits.Idle).Err(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	s := servers["redis"](b, limits)
	b.ReportAllocs()
	for b.Loop() {
		s.open(b)
	}
}
