package redisstore_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
	"github.com/menjin-id/menjin/ports/portstest"
)

func TestSessions(t *testing.T) {
	t.Parallel()
	for name, open := range servers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			portstest.Sessions(t, func(t *testing.T, limits domain.SessionLimits) portstest.SessionsParts {
				s := open(t, limits.Idle)
				return portstest.SessionsParts{Store: s.store, Advance: s.age}
			})
		})
	}
}

func TestEachOperationIsOneRoundTrip(t *testing.T) {
	onEachServer(t, func(t *testing.T, s *setup) {
		user, session := s.open(t)
		id := session.State().ID
		do := func(err error) {
			if err != nil {
				t.Fatal(err)
			}
		}
		end := func() { do(s.store.End(t.Context(), user, id)) }
		endAll := func() { do(s.store.EndOpenedUntil(t.Context(), user, now())) }
		end() // a script is sent whole the first time
		endAll()
		for _, operation := range []struct {
			name, want string
			do         func()
		}{
			{"open", "evalsha", func() { do(s.store.Open(t.Context(), session)) }},
			{"touch", "getex", func() { do(s.store.Touch(t.Context(), user, id, now())) }},
			{"end", "evalsha", end},
			{"end all", "evalsha", endAll},
		} {
			if got := s.seen.commandsOf(operation.do); !slices.Equal(got, []string{operation.want}) {
				t.Errorf("%s: sent %v, want %s alone", operation.name, got, operation.want)
			}
		}
	})
}

func TestEveryKeyExpires(t *testing.T) {
	onEachServer(t, func(t *testing.T, s *setup) {
		user, session := s.open(t)
		if err := s.store.Open(t.Context(), newSession(user, now(), limits)); err != nil {
			t.Fatal(err)
		}
		check := func(when string, want int) {
			t.Helper()
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
		check("after open", 5)
		if err := s.store.Touch(t.Context(), user, session.State().ID, now()); err != nil {
			t.Fatal(err)
		}
		check("after touch", 5)
		if err := s.store.End(t.Context(), user, session.State().ID); err != nil {
			t.Fatal(err)
		}
		check("after end", 3)
		if err := s.store.EndOpenedUntil(t.Context(), user, now()); err != nil {
			t.Fatal(err)
		}
		check("after all ended", 0)
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
		if err := s.store.Open(t.Context(), newSession(user, now(), short)); err != nil {
			t.Fatal(err)
		}
		left := s.client.PTTL(t.Context(), "sessions:{"+user.String()+"}").Val()
		if want := time.Until(session.State().ExpiresAt) - time.Minute; left < want {
			t.Errorf("index expires in %v, want %v or later", left, want)
		}
	})
}

func TestIndexLosesWhatHasExpired(t *testing.T) {
	onEachServer(t, func(t *testing.T, s *setup) {
		user, kept := s.open(t)
		index := "sessions:{" + user.String() + "}"
		brief := limits
		brief.Refresh = time.Hour
		for range 100 {
			if err := s.store.Open(t.Context(), newSession(user, now(), brief)); err != nil {
				t.Fatal(err)
			}
		}
		s.age(time.Hour)
		for range 50 {
			if err := s.store.Open(t.Context(), newSession(user, now(), limits)); err != nil {
				t.Fatal(err)
			}
		}
		// The first and the last fifty; of the hundred dead ones chance may leave a few.
		if got := s.client.ZCard(t.Context(), index).Val(); got < 51 || got > 71 {
			t.Errorf("sessions in the index: got %d, want 51 to 71", got)
		}
		if err := s.client.ZScore(t.Context(), index, kept.State().ID.String()).Err(); err != nil {
			t.Errorf("a session that can be refreshed left the index: %v", err)
		}
	})
}

func TestShortIndexIsLeftAsItIs(t *testing.T) {
	onEachServer(t, func(t *testing.T, s *setup) {
		user, _ := s.open(t)
		index := "sessions:{" + user.String() + "}"
		brief := limits
		brief.Refresh = time.Hour
		for range 62 {
			if err := s.store.Open(t.Context(), newSession(user, now(), brief)); err != nil {
				t.Fatal(err)
			}
		}
		s.age(time.Hour)
		if err := s.store.Open(t.Context(), newSession(user, now(), limits)); err != nil {
			t.Fatal(err)
		}
		if got := s.client.ZCard(t.Context(), index).Val(); got != 64 {
			t.Errorf("sessions in the index: got %d, want all 64: looking for dead ones costs every sign-in", got)
		}
		if err := s.store.Open(t.Context(), newSession(user, now(), limits)); err != nil {
			t.Fatal(err)
		}
		if got := s.client.ZCard(t.Context(), index).Val(); got >= 64 {
			t.Errorf("sessions in the index after one more: got %d, want the dead to leave it", got)
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
		var record struct {
			SessionKey []byte `json:"session_key"`
		}
		var got map[string]any
		if err := json.Unmarshal([]byte(text), &record); err != nil {
			t.Fatal(err)
		}
		field := ports.Field{Table: "sessions", Column: "session_key", Row: state.ID.ID}
		if opened, err := s.cipher.Open(field, record.SessionKey); err != nil || opened.Reveal() != sessionKey {
			t.Errorf("session key: got %q, %v, want %q", opened.Reveal(), err, sessionKey)
		}
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			t.Fatal(err)
		}
		delete(got, "session_key")
		hash, err := json.Marshal(state.RefreshHash[:])
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]any{
			"app_id": "wx0123456789abcdef", "ip": "2001:db8::1",
			"device":       map[string]any{"id": "d-1", "model": `Pixel 9 "Pro"`, "platform": "android", "system": "Android 16"},
			"refresh_hash": strings.Trim(string(hash), `"`),
			"created_at":   float64(state.CreatedAt.UnixMicro()), "last_seen_at": float64(state.LastSeenAt.UnixMicro()),
			"refresh_until": float64(state.RefreshUntil.UnixMicro()), "expires_at": float64(state.ExpiresAt.UnixMicro()),
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("record:\n%s", diff)
		}
	})
}

func BenchmarkTouch(b *testing.B) {
	s := servers["redis"](b, limits.Idle)
	user, session := s.open(b)
	id, at := session.State().ID, now()
	b.ReportAllocs()
	for b.Loop() {
		if err := s.store.Touch(b.Context(), user, id, at); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkGetEx is the floor of BenchmarkTouch.
func BenchmarkGetEx(b *testing.B) {
	s := servers["redis"](b, limits.Idle)
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
	s := servers["redis"](b, limits.Idle)
	b.ReportAllocs()
	for b.Loop() {
		s.open(b)
	}
}
