package redisstore_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/menjin-id/menjin/adapters/redisstore"
	"github.com/menjin-id/menjin/ports"
)

// rate lets ten at once, and one more each minute: what is spent comes back by Redis's own clock too, and must not while a busy
// machine stands still.
var rate = ports.Rate{Burst: 10, Per: 10 * time.Minute}

func TestAllowanceIsSpentAndComesBack(t *testing.T) {
	onEachServer(t, func(t *testing.T, s *setup) {
		limiter, key, at := redisstore.NewLimiter(s.client), newID().String(), now()
		take := func(what string, want time.Duration) {
			t.Helper()
			if got, err := limiter.Take(t.Context(), key, rate, at); err != nil || got != want {
				t.Errorf("%s: wait %v, %v, want %v", what, got, err, want)
			}
		}
		for range 10 {
			take("burst", 0)
		}
		take("spent", time.Minute)
		take("spent, again", time.Minute)
		at = at.Add(time.Minute - time.Millisecond)
		take("just before", time.Millisecond)
		at = at.Add(time.Millisecond)
		take("one came back", 0)
		take("and was spent", time.Minute)
		at = at.Add(-time.Hour) // a clock that was set back
		take("in the past", time.Minute)
		at = at.Add(2 * time.Hour)
		for range 10 {
			take("whole again", 0)
		}
		take("and spent", time.Minute)
		if left := s.client.PTTL(t.Context(), "limit:{"+key+"}").Val(); left <= rate.Per-time.Minute || left > rate.Per {
			t.Errorf("the entry stays for %v, want %v", left, rate.Per)
		}
	})
}

func TestUnevenRateGivesItsWholeBurst(t *testing.T) {
	onEachServer(t, func(t *testing.T, s *setup) {
		limiter, at := redisstore.NewLimiter(s.client), now()
		for _, uneven := range []ports.Rate{{Burst: 7, Per: time.Hour}, {Burst: 333, Per: 24 * time.Hour}, {Burst: 1, Per: time.Minute}} {
			key := newID().String()
			for i := range uneven.Burst {
				if wait, err := limiter.Take(t.Context(), key, uneven, at); err != nil || wait != 0 {
					t.Fatalf("%v, take %d: wait %v, %v", uneven, i+1, wait, err)
				}
			}
			if wait, err := limiter.Take(t.Context(), key, uneven, at); err != nil || wait <= 0 {
				t.Errorf("%v, one more: wait %v, %v, want some", uneven, wait, err)
			}
		}
	})
}

func TestAllowanceIsSharedByThoseWhoTakeAtOnce(t *testing.T) {
	onEachServer(t, func(t *testing.T, s *setup) {
		limiter, key, at := redisstore.NewLimiter(s.client), newID().String(), now()
		var allowed atomic.Int32
		var callers sync.WaitGroup
		for range 30 {
			callers.Go(func() {
				if wait, err := limiter.Take(t.Context(), key, rate, at); err != nil {
					t.Errorf("take: %v", err)
				} else if wait == 0 {
					allowed.Add(1)
				}
			})
		}
		callers.Wait()
		if got := allowed.Load(); got != 10 {
			t.Errorf("allowed: got %d, want 10", got)
		}
	})
}

func TestRateWithoutBurstAsksNobody(t *testing.T) {
	t.Parallel()
	s := servers["miniredis"](t, limits)
	got := s.seen.commandsOf(func() {
		if wait, err := redisstore.NewLimiter(s.client).Take(t.Context(), "key", ports.Rate{Per: time.Minute}, now()); wait != 0 || err != nil {
			t.Errorf("wait %v, %v", wait, err)
		}
	})
	if len(got) != 0 {
		t.Errorf("sent %v", got)
	}
}
