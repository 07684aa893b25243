package datakey_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/menjin-id/menjin/adapters/memory"
	"github.com/menjin-id/menjin/application/datakey"
	"github.com/menjin-id/menjin/ports"
)

// run runs something until the test ends it.
func run(t *testing.T, runs ...func(context.Context) error) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	for _, run := range runs {
		running.Go(func() {
			if err := run(ctx); err != nil {
				t.Errorf("run: %v", err)
			}
		})
	}
	return func() { cancel(); running.Wait() }
}

func TestFieldKeyIsReplacedEveryNinetyDaysByOneReplica(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store, master, days := memory.NewDataKeys(), newMaster(t), &calendar{}
		for range 3 {
			r := newReplicaAt(store, master, datakey.KeeperOptions{}, days.now)
			if err := r.keeper.Load(t.Context()); err != nil {
				t.Fatal(err)
			}
			defer run(t, r.keeper.Run)()
			defer func() {
				if got := len(r.keeper.Plan().Fields); got != 2 {
					t.Errorf("field keys: got %d, want 2", got)
				}
			}()
		}
		days.pass(90*24*time.Hour - time.Minute)
		time.Sleep(30 * time.Second)
		if kept, err := store.Newest(t.Context()); err != nil || kept.Version != 1 {
			t.Errorf("before ninety days: got version %d, %v, want 1", kept.Version, err)
		}
		time.Sleep(time.Minute)
		if kept, err := store.Newest(t.Context()); err != nil || kept.Version != 2 {
			t.Errorf("after ninety days: got version %d, %v, want 2", kept.Version, err)
		}
	})
}

func TestIndexKeyIsReplacedEveryNinetyDaysOnceRowsAreUnderTheNewestFieldKey(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		days := &calendar{}
		r := newReplicaAt(memory.NewDataKeys(), newMaster(t), datakey.KeeperOptions{}, days.now)
		if err := r.keeper.Load(t.Context()); err != nil {
			t.Fatal(err)
		}
		made := r.keeper.Plan().IndexAt
		table := &rows{ring: r, sealed: [][]byte{r.seal(t)}}
		defer run(t, r.keeper.Run)()
		days.pass(90 * 24 * time.Hour)
		time.Sleep(10 * time.Minute)
		if got := r.keeper.Plan(); len(got.Fields) != 2 || got.Index != ports.IndexSteady {
			t.Errorf("while rows are under an old key: got %+v, want the index key left alone", got)
		}
		defer run(t, datakey.NewReencrypt(r.keeper, table, datakey.ReencryptOptions{Keep: keep}, days.now, newID, discard).Run)()
		time.Sleep(30 * time.Minute)
		if got := r.keeper.Plan(); got.Index != ports.IndexSteady || !got.IndexAt.After(made) {
			t.Errorf("plan: got %+v, want an index key that has been replaced", got)
		}
	})
}

func TestThereAreNoMoreFieldKeysThanAMasterKeyWraps(t *testing.T) {
	t.Parallel()
	r := setup(t, 1)[0]
	err := error(nil)
	for range 100 {
		if err = r.keeper.RotateFields(t.Context(), 0); err != nil {
			break
		}
	}
	if !errors.Is(err, datakey.ErrTooManyFieldKeys) {
		t.Errorf("rotate again and again: got %v, want %v", err, datakey.ErrTooManyFieldKeys)
	}
	if err := r.keeper.RotateIndex(t.Context()); err != nil {
		t.Fatal(err)
	}
	kept, err := r.store.Newest(t.Context())
	if err != nil || len(kept.Wrapped) > 32<<10 {
		t.Errorf("wrapped: got %d bytes, %v, want 32 KiB at most", len(kept.Wrapped), err)
	}
}
