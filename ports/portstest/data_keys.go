package portstest

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/menjin-id/menjin/ports"
)

// DataKeyStore is the contract of the store of wrapped data keys. Open returns an empty one.
func DataKeyStore(t *testing.T, open func(t *testing.T) ports.DataKeyStore) {
	t.Helper()
	check(t, open, dataKeyContracts)
}

func newDataKeys(version int64) ports.DataKeys {
	return ports.DataKeys{
		Version: version, Master: "file", Wrapped: []byte("\x00\xff wrapped " + randomText()), CreatedAt: now(),
	}
}

func wantPut(t *testing.T, ctx context.Context, store ports.DataKeyStore, next ports.DataKeys, want bool) {
	t.Helper()
	if got, err := store.Put(ctx, next); err != nil || got != want {
		t.Fatalf("put version %d: got %t, error %v, want %t", next.Version, got, err, want)
	}
}

func wantNewest(t *testing.T, ctx context.Context, store ports.DataKeyStore, want ports.DataKeys) {
	t.Helper()
	got, err := store.Newest(ctx)
	if err != nil {
		t.Fatalf("newest: %v", err)
	}
	if diff := diff(want, got); diff != "" {
		t.Errorf("data keys differ (-want +got):\n%s", diff)
	}
}

var dataKeyContracts = []contract[ports.DataKeyStore]{
	{"there are none at first", func(t *testing.T, ctx context.Context, store ports.DataKeyStore) {
		wantNewest(t, ctx, store, ports.DataKeys{})
	}},
	{"what was put last comes back, every field", func(t *testing.T, ctx context.Context, store ports.DataKeyStore) {
		for version := range int64(3) {
			next := newDataKeys(version + 1)
			wantPut(t, ctx, store, next, true)
			wantNewest(t, ctx, store, next)
		}
	}},
	{"a version that does not follow changes nothing", func(t *testing.T, ctx context.Context, store ports.DataKeyStore) {
		wantPut(t, ctx, store, newDataKeys(2), false)
		wantNewest(t, ctx, store, ports.DataKeys{})
		wantPut(t, ctx, store, newDataKeys(1), true)
		second := newDataKeys(2)
		wantPut(t, ctx, store, second, true)
		for _, version := range []int64{0, 1, 2, 4} {
			wantPut(t, ctx, store, newDataKeys(version), false)
		}
		wantNewest(t, ctx, store, second)
	}},
	{"of many who put one version, one does", func(t *testing.T, ctx context.Context, store ports.DataKeyStore) {
		for version := range int64(3) {
			var puts atomic.Int64
			var kept ports.DataKeys
			var putting sync.WaitGroup
			for range 8 {
				putting.Go(func() {
					next := newDataKeys(version + 1)
					put, err := store.Put(ctx, next)
					if err != nil {
						t.Errorf("put: %v", err)
					}
					if put && puts.Add(1) == 1 {
						kept = next
					}
				})
			}
			putting.Wait()
			if got := puts.Load(); got != 1 {
				t.Fatalf("put of version %d: %d did, want 1", version+1, got)
			}
			wantNewest(t, ctx, store, kept)
		}
	}},
	{"an ended context does nothing", func(t *testing.T, ctx context.Context, store ports.DataKeyStore) {
		ended := cancelled(ctx)
		if _, err := store.Newest(ended); err == nil {
			t.Error("newest: got no error, want one")
		}
		if put, err := store.Put(ended, newDataKeys(1)); err == nil || put {
			t.Errorf("put: got %t, error %v, want an error", put, err)
		}
		wantNewest(t, ctx, store, ports.DataKeys{})
	}},
}
