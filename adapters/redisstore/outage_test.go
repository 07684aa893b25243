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
	"github.com/menjin-id/menjin/ports"
)

// known is how long the loss of Redis may go unnoticed: a second, and what a machine adds that has other things to do.
const known = time.Second + 4*time.Second

func wantUnavailable(t *testing.T, what string, do func() error) {
	t.Helper()
	start := time.Now()
	err := do()
	if !errors.Is(err, domain.ErrUnavailable) || errors.Is(err, domain.ErrSessionEnded) {
		t.Errorf("%s: got %v, want %v", what, err, domain.ErrUnavailable)
	}
	if took := time.Since(start); took >= known {
		t.Errorf("%s: known after %v, want it within %v", what, took, known)
	}
}

// waitFor polls: the client looks for a lost server once a second.
func waitFor(tb testing.TB, ping func(context.Context) error) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), 60*time.Second)
	defer cancel()
	for err := ping(ctx); err != nil; err = ping(ctx) {
		select {
		case <-ctx.Done():
			tb.Fatalf("Redis is up again, and its client says %v", err)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// answered asks a Redis that is up until it is heard: to a client that is quick to give up a busy machine looks like an outage.
func answered(tb testing.TB, ask func() error) (err error) {
	tb.Helper()
	waitFor(tb, func(context.Context) error {
		if err = ask(); errors.Is(err, domain.ErrUnavailable) {
			return err
		}
		return nil
	})
	return err
}

func TestRedisThatIsDownIsUnavailableAndComesBack(t *testing.T) {
	t.Parallel()
	server := redistest.NewServer(t)
	s := newSetup(t, server.URL(), limits)
	ctx := t.Context()
	user, session := s.open(t)
	id := session.State().ID
	limiter, attempts := redisstore.NewLimiter(s.client), redisstore.NewAttempts(s.client)
	tokens := redisstore.NewSharedTokens(s.client, s.cipher)
	rate := ports.Rate{Burst: 9, Per: time.Minute}
	for round, stop := range map[string]func(){"stopped": server.Stop, "killed": server.Kill} {
		stop()
		for name, do := range map[string]func() error{
			"open":    func() error { _, err := s.store.Open(ctx, session, most); return err },
			"touch":   func() error { return s.touch(t, session) },
			"refresh": func() error { _, err := s.refresh(t, session, 0, now()); return err },
			"list":    func() error { _, err := s.store.List(ctx, user, now()); return err },
			"roles":   func() error { return s.store.SetRoles(ctx, user, firstVersion, nil) },
			"end":     func() error { return s.store.End(ctx, user, id) },
			"end all": func() error { return s.store.EndOpenedBefore(ctx, user, firstVersion, domain.SessionID{}) },
			"take":    func() error { _, err := limiter.Take(ctx, "key", rate, now()); return err },
			"try":     func() error { _, err := attempts.Try(ctx, "key", now()); return err },
			"clear":   func() error { return attempts.Clear(ctx, "key") },
			"key":     func() error { _, err := s.store.NewestKey(ctx, user, session.State().AppID); return err },
			"get":     func() error { _, err := tokens.Get(ctx, sharedApp); return err },
			"put":     func() error { return tokens.Put(ctx, sharedApp, sharedToken()) },
			"drop":    func() error { return tokens.Drop(ctx, sharedApp, sharedToken().Value) },
			"lock":    func() error { _, _, err := tokens.Lock(ctx, sharedApp, time.Minute); return err },
			"ping":    func() error { return s.store.Ping(ctx) },
		} {
			wantUnavailable(t, name+" while "+round, do)
		}
		server.Start()
		waitFor(t, s.store.Ping)
		// It comes back empty, without the scripts either.
		touch := func() error { return s.touch(t, session) }
		if err := answered(t, touch); !errors.Is(err, domain.ErrSessionEnded) {
			t.Errorf("touch after a restart: got %v, want %v", err, domain.ErrSessionEnded)
		}
		s.reopen(t, session)
		if err := answered(t, touch); err != nil {
			t.Errorf("touch what was opened after a restart: %v", err)
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

func TestRedisThatStandsStillAfterItAnsweredIsUnavailable(t *testing.T) {
	t.Parallel()
	server := redistest.NewServer(t)
	s := newSetup(t, server.URL(), limits)
	user, session := s.open(t)
	const pause = 10 * time.Minute
	if err := s.client.Do(t.Context(), "CLIENT", "PAUSE", pause.Milliseconds(), "ALL").Err(); err != nil {
		t.Fatal(err)
	}
	for range 2 { // on a connection that was there, and on a new one
		wantUnavailable(t, "touch", func() error { return s.touch(t, session) })
		wantUnavailable(t, "list", func() error { _, err := s.store.List(t.Context(), user, now()); return err })
	}
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
		_, opened := s.store.Open(ctx, session, most)
		_, touched := s.store.Touch(ctx, user, session.State().ID, now())
		_, listed := s.store.List(ctx, user, now())
		for name, err := range map[string]error{
			"open": opened, "touch": touched, "list": listed,
			"end": s.store.End(ctx, user, session.State().ID),
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
			if err := s.touch(t, session); err == nil || errors.Is(err, domain.ErrSessionEnded) {
				t.Errorf("touch: got %v, want another error than %v", err, domain.ErrSessionEnded)
			}
		}
	})
}
