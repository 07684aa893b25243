package portstest

import (
	"context"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// patience bounds every case, so that a deadlock fails it and not the whole run.
const patience = 60 * time.Second

// contract is one case of a suite: what must hold, and a run that fails when it does not.
type contract[H any] struct {
	holds string
	run   func(t *testing.T, ctx context.Context, harness H)
}

// check runs every case in parallel on a harness of its own.
func check[H any](t *testing.T, open func(t *testing.T) H, contracts []contract[H]) {
	t.Helper()
	for _, c := range contracts {
		t.Run(c.holds, func(t *testing.T) {
			t.Parallel()
			harness := open(t)
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			c.run(t, ctx, harness)
		})
	}
}

// diff tells how got differs from want, private fields included; an empty slice equals none.
func diff(want, got any, more ...cmp.Option) string {
	private := cmp.Exporter(func(reflect.Type) bool { return true })
	return cmp.Diff(want, got, private, cmpopts.EquateEmpty(), cmp.Options(more))
}

// eventually polls until done reports true, and marks the case as failed when the context ends first.
func eventually(t *testing.T, ctx context.Context, what string, done func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-ctx.Done():
			t.Errorf("%s: given up: %v", what, ctx.Err())
			return
		case <-tick.C:
		}
	}
}

// cancelled returns a context that has ended.
func cancelled(ctx context.Context) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	return ctx
}
