package portstest

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/menjin-id/menjin/ports"
)

// AttemptsParts are a counter of attempts and the way to make time pass for it.
type AttemptsParts struct {
	Counter ports.AttemptCounter
	// Advance is that of SessionsParts.
	Advance func(d time.Duration)
}

// AttemptCounter is the contract of a counter of attempts. Open returns one that counted nothing yet. A wait may be told a
// millisecond too long, never too short.
func AttemptCounter(t *testing.T, open func(t *testing.T) AttemptsParts) {
	t.Helper()
	check(t, func(t *testing.T) *attempts {
		return &attempts{AttemptsParts: open(t), now: now(), key: "key:" + randomText()}
	}, attemptContracts)
}

// attempts is the counter under test, the time it is there, and a key of its own.
type attempts struct {
	AttemptsParts
	now time.Time
	key string
}

func (a *attempts) pass(d time.Duration) {
	a.now = a.now.Add(d)
	if a.Advance != nil {
		a.Advance(d)
	}
}

func (a *attempts) try(t *testing.T, ctx context.Context) time.Duration {
	t.Helper()
	wait, err := a.Counter.Try(ctx, a.key, a.now)
	if err != nil {
		t.Fatalf("try: %v", err)
	}
	return wait
}

func (a *attempts) wantFree(t *testing.T, ctx context.Context, times int) {
	t.Helper()
	for i := range times {
		if got := a.try(t, ctx); got != 0 {
			t.Fatalf("try %d of %d: got a wait of %s, want none", i+1, times, got)
		}
	}
}

func (a *attempts) clear(t *testing.T, ctx context.Context) {
	t.Helper()
	if err := a.Counter.Clear(ctx, a.key); err != nil {
		t.Fatalf("clear: %v", err)
	}
}

// free is how many tries need not wait: the first five, and the one whose successor waits first.
const free = 6

var attemptContracts = []contract[*attempts]{
	{"the try after the first five makes the next wait two seconds", func(t *testing.T, ctx context.Context, a *attempts) {
		a.wantFree(t, ctx, free)
		wantAbout(t, a.try(t, ctx), 2*time.Second)
	}},
	{"waits double up to fifteen minutes", func(t *testing.T, ctx context.Context, a *attempts) {
		a.wantFree(t, ctx, free)
		for _, seconds := range []int{2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900} {
			want := time.Duration(seconds) * time.Second
			wantAbout(t, a.try(t, ctx), want)
			a.pass(want - 2*time.Millisecond)
			wantAbout(t, a.try(t, ctx), 2*time.Millisecond)
			a.pass(2 * time.Millisecond)
			a.wantFree(t, ctx, 1)
		}
	}},
	{"who must wait is not counted", func(t *testing.T, ctx context.Context, a *attempts) {
		a.wantFree(t, ctx, free)
		for range 20 {
			wantAbout(t, a.try(t, ctx), 2*time.Second)
		}
		a.pass(2 * time.Second)
		a.wantFree(t, ctx, 1)
		wantAbout(t, a.try(t, ctx), 4*time.Second)
	}},
	{"tries far apart are in a row too", func(t *testing.T, ctx context.Context, a *attempts) {
		for range free {
			a.wantFree(t, ctx, 1)
			a.pass(59 * time.Minute)
		}
		a.wantFree(t, ctx, 1)
		wantAbout(t, a.try(t, ctx), 4*time.Second)
	}},
	{"an hour without a try forgets them all", func(t *testing.T, ctx context.Context, a *attempts) {
		for range 2 {
			a.wantFree(t, ctx, free)
			wantAbout(t, a.try(t, ctx), 2*time.Second)
			a.pass(time.Hour)
		}
		a.wantFree(t, ctx, free)
	}},
	{"a success forgets them all", func(t *testing.T, ctx context.Context, a *attempts) {
		a.clear(t, ctx)
		for range 2 {
			a.wantFree(t, ctx, free)
			wantAbout(t, a.try(t, ctx), 2*time.Second)
			a.clear(t, ctx)
		}
		a.wantFree(t, ctx, free)
	}},
	{"keys count apart", func(t *testing.T, ctx context.Context, a *attempts) {
		a.wantFree(t, ctx, free)
		if got, err := a.Counter.Try(ctx, a.key+"2", a.now); err != nil || got != 0 {
			t.Errorf("another key: got a wait of %s, error %v, want none", got, err)
		}
		if err := a.Counter.Clear(ctx, a.key+"2"); err != nil {
			t.Errorf("clear another key: %v", err)
		}
		wantAbout(t, a.try(t, ctx), 2*time.Second)
	}},
	{"tries at once count like tries in a row", func(t *testing.T, ctx context.Context, a *attempts) {
		var (
			trying  sync.WaitGroup
			allowed atomic.Int64
		)
		for range 40 {
			trying.Go(func() {
				wait, err := a.Counter.Try(ctx, a.key, a.now)
				if err != nil {
					t.Errorf("try: %v", err)
				} else if wait == 0 {
					allowed.Add(1)
				}
			})
		}
		trying.Wait()
		if got := allowed.Load(); got != free {
			t.Errorf("allowed at once: got %d, want %d", got, free)
		}
	}},
	{"a cancelled context is no refusal", func(t *testing.T, ctx context.Context, a *attempts) {
		if _, err := a.Counter.Try(cancelled(ctx), a.key, a.now); err == nil {
			t.Error("try: got no error, want one")
		}
		if err := a.Counter.Clear(cancelled(ctx), a.key); err == nil {
			t.Error("clear: got no error, want one")
		}
	}},
}
