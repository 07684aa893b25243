package redisstore_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/menjin-id/menjin/adapters/memory"
	"github.com/menjin-id/menjin/adapters/redisstore"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/internal/testserver/redistest"
	"github.com/menjin-id/menjin/ports"
)

const sharedApp domain.AppID = "wx0123456789abcdef"

func sharedToken() ports.SharedToken {
	fetched := now()
	return ports.SharedToken{
		Value: domain.NewSecret("77_planted-access-token"), FetchedAt: fetched, ExpiresAt: fetched.Add(2 * time.Hour),
	}
}

func TestSharedTokenIsSealedAndExpires(t *testing.T) {
	onEachServer(t, func(t *testing.T, s *setup) {
		tokens, app := redisstore.NewSharedTokens(s.client, s.cipher), domain.AppID("wx"+newID().String())
		token := sharedToken()
		if err := tokens.Put(t.Context(), app, token); err != nil {
			t.Fatal(err)
		}
		if _, locked, err := tokens.Lock(t.Context(), app, time.Minute); err != nil || !locked {
			t.Fatalf("lock: got %t, %v, want it", locked, err)
		}
		for key, most := range map[string]time.Duration{
			"token:{" + string(app) + "}": 2 * time.Hour, "tokenlock:{" + string(app) + "}": time.Minute,
		} {
			value, err := s.client.Get(t.Context(), key).Result()
			if err != nil || strings.Contains(value, token.Value.Reveal()) {
				t.Errorf("%s: got %q, %v, want no token in clear", key, value, err)
			}
			if left := s.client.PTTL(t.Context(), key).Val(); left <= 0 || left > most {
				t.Errorf("%s expires in %v, want %v at most", key, left, most)
			}
		}
	})
}

func TestSharedTokenOfAnotherPlaceOrKeyDoesNotOpen(t *testing.T) {
	onEachServer(t, func(t *testing.T, s *setup) {
		tokens, app := redisstore.NewSharedTokens(s.client, s.cipher), domain.AppID("wx"+newID().String())
		if err := tokens.Put(t.Context(), app, sharedToken()); err != nil {
			t.Fatal(err)
		}
		record := s.client.Get(t.Context(), "token:{"+string(app)+"}").Val()
		other := domain.AppID("wx" + newID().String())
		damaged := []string{record, "", "x", "1 2 3", "1 2\n", "-1 x 3\nsealed", record[:len(record)-1]}
		for _, value := range damaged {
			if err := s.client.Set(t.Context(), "token:{"+string(other)+"}", value, time.Minute).Err(); err != nil {
				t.Fatal(err)
			}
			if got, err := tokens.Get(t.Context(), other); err == nil || !got.Value.IsZero() || errors.Is(err, domain.ErrUnavailable) {
				t.Errorf("%.20q: got a token %t, error %v, want an error alone", value, !got.Value.IsZero(), err)
			}
		}
		foreign := redisstore.NewSharedTokens(s.client, memory.NewCipher())
		if _, err := foreign.Get(t.Context(), app); err == nil {
			t.Error("with another key: got no error, want one")
		}
		token := sharedToken() // what does not open is replaced
		for _, where := range []domain.AppID{app, other} {
			if err := foreign.Put(t.Context(), where, token); err != nil {
				t.Errorf("put: %v", err)
			}
			if got, err := foreign.Get(t.Context(), where); err != nil || !got.Value.Equal(token.Value) {
				t.Errorf("get what was put: error %v, want the token", err)
			}
		}
	})
}

func TestUnlockingDoesNotWaitForARedisThatIsGone(t *testing.T) {
	t.Parallel()
	server := redistest.NewServer(t)
	s := newSetup(t, server.URL(), limits)
	unlock, locked, err := redisstore.NewSharedTokens(s.client, s.cipher).Lock(t.Context(), sharedApp, time.Minute)
	if err != nil || !locked {
		t.Fatalf("lock: got %t, %v, want it", locked, err)
	}
	server.Kill()
	start := time.Now()
	unlock()
	if took := time.Since(start); took > known {
		t.Errorf("unlocking took %v, want %v at most", took, known)
	}
}
