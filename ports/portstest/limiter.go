package portstest

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/menjin-id/menjin/ports"
)

// LimiterParts are a rate limiter and the way to make time pass for it.
type LimiterParts struct {
	Limiter ports.RateLimiter
	// Advance is that of SessionsParts.
	Advance func(d time.Duration)
}

// RateLimiter is the contract of a rate limiter. Open returns one that counted nothing yet. A wait may be told a millisecond
// too long, never too short.
func RateLimiter(t *testing.T, open func(t *testing.T) LimiterParts) {
	t.Helper()
	check(t, func(t *testing.T) *limiter {
		return &limiter{LimiterParts: open(t), now: now(), key: "key:" + randomText()}
	}, limiterContracts)
}

// limiter is the limiter under test, the time it is there, and a key of its own.
type limiter struct {
	LimiterParts
	now time.Time
	key string
}

func (l *limiter) pass(d time.Duration) {
	l.now = l.now.Add(d)
	if l.Advance != nil {
		l.Advance(d)
	}
}

func (l *limiter) take(t *testing.T, ctx context.Context, key string, rate ports.Rate) time.Duration {
	t.Helper()
	wait, err := l.Limiter.Take(ctx, key, rate, l.now)
	if err != nil {
		t.Fatalf("take: %v", err)
	}
	return wait
}

// wantTaken takes a number of times.
func (l *limiter) wantTaken(t *testing.T, ctx context.Context, rate ports.Rate, times int) {
	t.Helper()
	for i := range times {
		if got := l.take(t, ctx, l.key, rate); got != 0 {
			t.Fatalf("take %d of %d: got a wait of %s, want none", i+1, times, got)
		}
	}
}

func (l *limiter) wantWait(t *testing.T, ctx context.Context, rate ports.Rate, want time.Duration) {
	t.Helper()
	wantAbout(t, l.take(t, ctx, l.key, rate), want)
}

func wantAbout(t *testing.T, got, want time.Duration) {
	t.Helper()
	if got < want-time.Microsecond || got > want+time.Millisecond {
		t.Errorf("wait: got %s, want %s", got, want)
	}
}

// fivePerTen is in minutes: a store may forget by a clock of its own, which goes on while a busy machine stands still.
var fivePerTen = ports.Rate{Burst: 5, Per: 10 * time.Minute}

var limiterContracts = []contract[*limiter]{
	{"a burst is free, the next waits for its share", func(t *testing.T, ctx context.Context, l *limiter) {
		l.wantTaken(t, ctx, fivePerTen, 5)
		l.wantWait(t, ctx, fivePerTen, 2*time.Minute)
	}},
	{"who waited as told may, a moment before not", func(t *testing.T, ctx context.Context, l *limiter) {
		l.wantTaken(t, ctx, fivePerTen, 5)
		for range 3 {
			l.pass(2*time.Minute - 2*time.Millisecond)
			l.wantWait(t, ctx, fivePerTen, 2*time.Millisecond)
			l.pass(2 * time.Millisecond)
			l.wantTaken(t, ctx, fivePerTen, 1)
		}
	}},
	{"who is refused spends nothing", func(t *testing.T, ctx context.Context, l *limiter) {
		l.wantTaken(t, ctx, fivePerTen, 5)
		for range 20 {
			l.wantWait(t, ctx, fivePerTen, 2*time.Minute)
		}
		l.pass(2 * time.Minute)
		l.wantTaken(t, ctx, fivePerTen, 1)
	}},
	{"the allowance comes back evenly, and never more than the burst", func(t *testing.T, ctx context.Context, l *limiter) {
		l.wantTaken(t, ctx, fivePerTen, 5)
		l.pass(6 * time.Minute)
		l.wantTaken(t, ctx, fivePerTen, 3)
		l.wantWait(t, ctx, fivePerTen, 2*time.Minute)
		l.pass(24 * time.Hour)
		l.wantTaken(t, ctx, fivePerTen, 5)
		l.wantWait(t, ctx, fivePerTen, 2*time.Minute)
	}},
	{"a rate that divides unevenly is kept to the microsecond", func(t *testing.T, ctx context.Context, l *limiter) {
		rate := ports.Rate{Burst: 7, Per: time.Hour}
		l.wantTaken(t, ctx, rate, 7)
		l.pass(time.Hour + 7*time.Microsecond)
		l.wantTaken(t, ctx, rate, 7)
		l.wantWait(t, ctx, rate, time.Hour/7)
	}},
	{"a burst of one lets one through at a time", func(t *testing.T, ctx context.Context, l *limiter) {
		rate := ports.Rate{Burst: 1, Per: time.Minute}
		for range 3 {
			l.wantTaken(t, ctx, rate, 1)
			l.wantWait(t, ctx, rate, time.Minute)
			l.pass(time.Minute)
		}
	}},
	{"keys count apart", func(t *testing.T, ctx context.Context, l *limiter) {
		l.wantTaken(t, ctx, fivePerTen, 5)
		if got := l.take(t, ctx, l.key+"2", fivePerTen); got != 0 {
			t.Errorf("another key: got a wait of %s, want none", got)
		}
	}},
	{"a burst of zero allows everything", func(t *testing.T, ctx context.Context, l *limiter) {
		l.wantTaken(t, ctx, ports.Rate{}, 100)
		l.wantTaken(t, ctx, ports.Rate{Per: time.Hour}, 100)
	}},
	{"a clock that is behind gains nothing", func(t *testing.T, ctx context.Context, l *limiter) {
		l.wantTaken(t, ctx, fivePerTen, 5)
		l.now = l.now.Add(-time.Minute)
		if got := l.take(t, ctx, l.key, fivePerTen); got == 0 {
			t.Error("take at an earlier instant: got no wait, want one")
		}
	}},
	{"random takes are allowed as reckoned", randomTakes},
	{"callers at once never get more than the burst", func(t *testing.T, ctx context.Context, l *limiter) {
		var (
			taking  sync.WaitGroup
			allowed atomic.Int64
		)
		for range 40 {
			taking.Go(func() {
				wait, err := l.Limiter.Take(ctx, l.key, fivePerTen, l.now)
				if err != nil {
					t.Errorf("take: %v", err)
				} else if wait == 0 {
					allowed.Add(1)
				}
			})
		}
		taking.Wait()
		if got := allowed.Load(); got != 5 {
			t.Errorf("allowed at once: got %d, want 5", got)
		}
	}},
	{"a cancelled context is no refusal", func(t *testing.T, ctx context.Context, l *limiter) {
		if _, err := l.Limiter.Take(cancelled(ctx), l.key, fivePerTen, l.now); err == nil {
			t.Error("take: got no error, want one")
		}
	}},
}

// randomTakes compares with a reckoning in which a take is allowed while less than the burst is owed.
func randomTakes(t *testing.T, ctx context.Context, l *limiter) {
	var owed time.Duration // what has to flow off until nothing is owed
	share := fivePerTen.Per / time.Duration(fivePerTen.Burst)
	for i := range 200 {
		step := time.Duration(rand.IntN(10)) * 30 * time.Second //nolint:gosec // chance, no secret
		l.pass(step)
		owed = max(0, owed-step)
		want := max(0, owed+share-fivePerTen.Per)
		wantAbout(t, l.take(t, ctx, l.key, fivePerTen), want)
		if t.Failed() {
			t.Fatalf("take %d, %s after the one before", i, step)
		}
		if want == 0 {
			owed += share
		}
	}
}
