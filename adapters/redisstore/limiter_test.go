package redisstore_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/menjin-id/menjin/adapters/redisstore"
	"github.com/menjin-id/menjin/ports"
)

// rate lets ten at once, and one more each second.
var rate = ports.Rate{Burst: 10, Per: 10 * time.Second}

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
		take("spent", time.Second)
		take("spent, again", time.Second)
		at = at.Add(999 * time.Millisecond)
		take("just before", time.Millisecond)
		at = at.Add(time.Millisecond)
		take("one came back", 0)
		take("and was spent", time.Second)
		at = at.Add(-time.Hour) // a clock that was set back
		take("in the past", time.Second)
		at = at.Add(2 * time.Hour)
		for range 10 {
			take("whole again", 0)
		}
		take("and spent", time.Second)
		if left := s.client.PTTL(t.Context(), "limit:{"+key+"}").Val(); left <= 9*time.Second || left > rate.Per {
			t.Errorf("the entry stays for %v, want %v", left, rate.Per)
		}
	})
}

func TestUnevenRateGivesItsWholeBurst(t *testing.T) {
	onEachServer(t, func(t *testing.T, s *setup) {
		limiter, at := redisstore.NewLimiter(s.client), now()
		for _, uneven := range []ports.Rate{{Burst: 7, Per: time.Second}, {Burst: 333, Per: time.Minute}, {Burst: 1, Per: 10 * time.Second}} {
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
