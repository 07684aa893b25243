package httpapi

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

type requestKey struct{}

func TestDeadlineIsTheContextItStandsFor(t *testing.T) {
	t.Parallel()
	for name, look := range map[string]func(ctx context.Context){
		"that nobody waits for":           func(context.Context) {},
		"that somebody waits for":         func(ctx context.Context) { ctx.Done() },
		"that another context is made of": func(ctx context.Context) { context.AfterFunc(ctx, func() {}) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				request, leave := context.WithCancel(context.WithValue(t.Context(), requestKey{}, "value"))
				begin := func(limit time.Duration) *deadline {
					d := &deadline{parent: request, at: time.Now().Add(limit)}
					look(d)
					return d
				}
				passes, ends, outlives := begin(time.Second), begin(time.Minute), begin(time.Minute)
				if at, ok := passes.Deadline(); !ok || time.Until(at) != time.Second {
					t.Errorf("deadline: got %v, %t, want it in a second", at, ok)
				}
				if got := passes.Value(requestKey{}); got != "value" {
					t.Errorf("value of the request: got %v, want it", got)
				}
				if err := passes.Err(); err != nil {
					t.Errorf("at first: got %v, want no error", err)
				}
				time.Sleep(time.Second)
				synctest.Wait()
				wantEnd(passes, t, "the time has passed", context.DeadlineExceeded)
				ends.end()
				if <-ends.Done(); !errors.Is(ends.Err(), context.Canceled) {
					t.Errorf("the request is over: got %v, want %v", ends.Err(), context.Canceled)
				}
				leave()
				synctest.Wait()
				wantEnd(outlives, t, "the client has left", context.Canceled)
				time.Sleep(time.Hour)
				wantEnd(outlives, t, "the time has passed since", context.Canceled)
				wantEnd(passes, t, "the client has left since", context.DeadlineExceeded)
			})
		})
	}
}

func wantEnd(ctx context.Context, t *testing.T, when string, want error) {
	t.Helper()
	if err := ctx.Err(); !errors.Is(err, want) {
		t.Errorf("%s: got %v, want %v", when, err, want)
	}
	select {
	case <-ctx.Done():
	default:
		t.Errorf("%s: nobody who waits is told", when)
	}
	if err := ctx.Err(); !errors.Is(err, want) {
		t.Errorf("%s, told: got %v, want %v", when, err, want)
	}
}

func TestDeadlineOfTheRequestComesFirst(t *testing.T) {
	t.Parallel()
	request, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	d := &deadline{parent: request, at: time.Now().Add(time.Hour)}
	if at, _ := d.Deadline(); time.Until(at) > time.Minute {
		t.Errorf("got %v, want that of the request", at)
	}
}
