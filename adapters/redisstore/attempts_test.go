package redisstore_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/menjin-id/menjin/adapters/redisstore"
)

func TestGuessesWaitEachTimeLonger(t *testing.T) {
	onEachServer(t, func(t *testing.T, s *setup) {
		attempts, key, at := redisstore.NewAttempts(s.client), newID().String(), now()
		try := func(what string, want time.Duration) {
			t.Helper()
			if got, err := attempts.Try(t.Context(), key, at); err != nil || got != want {
				t.Errorf("%s: wait %v, %v, want %v", what, got, err, want)
			}
		}
		spend := func() {
			t.Helper()
			for range 6 {
				try("free", 0)
			}
		}
		spend()
		wait := 2 * time.Second
		for range 14 {
			try("too early", wait)
			at = at.Add(wait - time.Millisecond)
			try("just too early", time.Millisecond)
			at = at.Add(time.Millisecond)
			try("after the wait", 0)
			wait = min(2*wait, 15*time.Minute)
		}
		at = at.Add(-time.Hour) // a clock that was set back
		try("in the past", 15*time.Minute)
		at = at.Add(time.Hour + 59*time.Minute)
		try("an hour without a try is not over", 0)
		try("so it counts", 15*time.Minute)
		at = at.Add(time.Hour)
		spend()
		if err := attempts.Clear(t.Context(), key); err != nil {
			t.Fatal(err)
		}
		spend()
		if left := s.client.PTTL(t.Context(), "attempts:{"+key+"}").Val(); left <= 59*time.Minute || left > time.Hour {
			t.Errorf("the entry stays for %v, want an hour", left)
		}
	})
}

func TestGuessesAtOnceCountLikeGuessesInARow(t *testing.T) {
	onEachServer(t, func(t *testing.T, s *setup) {
		attempts, key, at := redisstore.NewAttempts(s.client), newID().String(), now()
		var allowed atomic.Int32
		var callers sync.WaitGroup
		for range 30 {
			callers.Go(func() {
				if wait, err := attempts.Try(t.Context(), key, at); err != nil {
					t.Errorf("try: %v", err)
				} else if wait == 0 {
					allowed.Add(1)
				}
			})
		}
		callers.Wait()
		if got := allowed.Load(); got != 6 {
			t.Errorf("allowed: got %d, want 6", got)
		}
	})
}
