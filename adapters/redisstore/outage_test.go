package redisstore_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/menjin-id/menjin/adapters/redisstore"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/internal/testserver/redistest"
)

func wantUnavailable(t *testing.T, what string, do func() error) {
	t.Helper()
	start := time.Now()
	err := do()
	if !errors.Is(err, domain.ErrUnavailable) || errors.Is(err, domain.ErrSessionEnded) {
		t.Errorf("%s: got %v, want %v", what, err, domain.ErrUnavailable)
	}
	if took := time.Since(start); took >= time.Second {
		t.Errorf("%s: known after %v, want under a second", what, took)
	}
}

// waitFor polls: the client looks for a lost server once a second.
func waitFor(t *testing.T, ping func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for err := ping(ctx); err != nil; err = ping(ctx) {
		select {
		case <-ctx.Done():
			t.Fatalf("Redis is up again, and its client says %v", err)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func TestRedisThatIsDownIsUnavailableAndComesBack(t *testing.T) {
	t.Parallel()
	server := redistest.NewServer(t)
	s := newSetup(t, server.URL(), limits.Idle)
	ctx := t.Context()
	user, session := s.open(t)
	id := session.State().ID
	for round, stop := range map[string]func(){"stopped": server.Stop, "killed": server.Kill} {
		stop()
		for name, do := range map[string]func() error{
			"open":    func() error { return s.store.Open(ctx, session) },
			"touch":   func() error { return s.store.Touch(ctx, user, id, now()) },
			"end":     func() error { return s.store.End(ctx, user, id) },
			"end all": func() error { return s.store.EndOpenedUntil(ctx, user, now()) },
			"ping":    func() error { return s.store.Ping(ctx) },
		} {
			wantUnavailable(t, name+" while "+round, do)
		}
		server.Start()
		waitFor(t, s.store.Ping)
		// It comes back empty, without the scripts either.
		if err := s.store.Touch(ctx, user, id, now()); !errors.Is(err, domain.ErrSessionEnded) {
			t.Errorf("touch after a restart: got %v, want %v", err, domain.ErrSessionEnded)
		}
		if err := errors.Join(s.store.Open(ctx, session), s.store.Touch(ctx, user, id, now())); err != nil {
			t.Errorf("open after a restart: %v", err)
		}
	}
}

func TestRedisThatHangsIsUnavailable(t *testing.T) {
	t.Parallel()
	silent, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	wantUnavailable(t, "connect", func() error {
		_, err := redisstore.Connect(t.Context(), domain.NewSecret("redis://"+silent.Addr().String()))
		return err
	})
}

func TestPasswordIsNotInTheErrors(t *testing.T) {
	t.Parallel()
	const password = "hunter2"
	closed, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	for _, host := range []string{closed.Addr().String(), strings.TrimPrefix(redistest.URL(t), "redis://")} {
		_, err := redisstore.Connect(t.Context(), domain.NewSecret("redis://user:"+password+"@"+host))
		if !errors.Is(err, domain.ErrUnavailable) || strings.Contains(err.Error(), password) {
			t.Errorf("%s: got %v, want %v without the password", host, err, domain.ErrUnavailable)
		}
	}
}

func TestCancelledCallIsTheCallersOwnDoing(t *testing.T) {
	onEachServer(t, func(t *testing.T, s *setup) {
		user, session := s.open(t)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		for name, err := range map[string]error{
			"open":  s.store.Open(ctx, session),
			"touch": s.store.Touch(ctx, user, session.State().ID, now()),
			"end":   s.store.End(ctx, user, session.State().ID),
		} {
			if !errors.Is(err, context.Canceled) || errors.Is(err, domain.ErrUnavailable) {
				t.Errorf("%s: got %v, want %v", name, err, context.Canceled)
			}
		}
	})
}

func TestKeyThatHoldsSomethingElseIsNoEndedSession(t *testing.T) {
	onEachServer(t, func(t *testing.T, s *setup) {
		user, session := s.open(t)
		id := session.State().ID
		key := "session:{" + user.String() + "}:" + id.String()
		for _, damage := range []func() error{
			func() error { return s.client.Set(t.Context(), key, "someday", time.Hour).Err() },
			func() error {
				return errors.Join(s.client.Del(t.Context(), key).Err(), s.client.LPush(t.Context(), key, "x").Err())
			},
		} {
			if err := damage(); err != nil {
				t.Fatal(err)
			}
			if err := s.store.Touch(t.Context(), user, id, now()); err == nil || errors.Is(err, domain.ErrSessionEnded) {
				t.Errorf("touch: got %v, want another error than %v", err, domain.ErrSessionEnded)
			}
		}
	})
}
