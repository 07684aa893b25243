package redisstore_test

import (
	"context"
	"io"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/menjin-id/menjin/adapters/redisstore"
	"github.com/menjin-id/menjin/domain"
)

// losing is a hook for which a connection breaks once, after the server has done what it was told and before it says so.
type losing struct{ armed atomic.Bool }

func (l *losing) DialHook(next redis.DialHook) redis.DialHook { return next }

func (l *losing) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		err := next(ctx, cmd)
		if err == nil && l.armed.CompareAndSwap(true, false) {
			return io.EOF
		}
		return err
	}
}

func (l *losing) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		err := next(ctx, cmds)
		if err == nil && l.armed.CompareAndSwap(true, false) {
			for _, cmd := range cmds {
				cmd.SetErr(io.EOF)
			}
			return io.EOF
		}
		return err
	}
}

// loseAnswers hooks a client, or each server of a Cluster.
func (s *setup) loseAnswers(t *testing.T) *losing {
	t.Helper()
	l := &losing{}
	cluster, ok := s.client.(*redis.ClusterClient)
	if !ok {
		s.client.AddHook(l)
		return l
	}
	err := cluster.ForEachMaster(t.Context(), func(_ context.Context, server *redis.Client) error {
		server.AddHook(l)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestWhatGaveWayIsToldAlsoWhenTheFirstAnswerIsLost(t *testing.T) {
	onEachServer(t, func(t *testing.T, s *setup) {
		user, first := s.open(t)
		second := newSession(user, now(), limits)
		s.openFor(t, second)
		l := s.loseAnswers(t)
		l.armed.Store(true)
		third := newSession(user, now(), limits)
		ended, err := s.store.Open(t.Context(), third, 1)
		want := []domain.SessionID{first.State().ID, second.State().ID}
		if err != nil || l.armed.Load() || !slices.Equal(ended, want) {
			t.Errorf("after an answer that was lost: %v gave way, %v, want %v", ended, err, want)
		}
		l.armed.Store(true)
		s.openFor(t, newSession(user, now(), limits))
		if err := s.touch(t, third); err != nil {
			t.Errorf("touch one that did not give way: %v", err)
		}
	})
}

func TestATryCountsOnceAlsoWhenTheFirstAnswerIsLost(t *testing.T) {
	onEachServer(t, func(t *testing.T, s *setup) {
		attempts, key, at := redisstore.NewAttempts(s.client), newID().String(), now()
		if _, err := attempts.Try(t.Context(), key, at); err != nil { // the server knows the script from here on
			t.Fatal(err)
		}
		l := s.loseAnswers(t)
		for i := range 5 {
			l.armed.Store(true)
			if wait, err := attempts.Try(t.Context(), key, at); err != nil || wait != 0 || l.armed.Load() {
				t.Errorf("try %d: wait %v, %v, want none", i+2, wait, err)
			}
		}
		l.armed.Store(true)
		if wait, err := attempts.Try(t.Context(), key, at); err != nil || wait == 0 {
			t.Errorf("a try too many: wait %v, %v, want some", wait, err)
		}
	})
}
