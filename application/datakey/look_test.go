package datakey_test

import (
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/menjin-id/menjin/application/datakey"
	"github.com/menjin-id/menjin/domain"
)

func TestDatabaseThatHangsHoldsNobodyForLong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := setup(t, 1)[0]
		time.Sleep(time.Minute)
		end := r.store.hang()
		defer run(t, r.keeper.Run)()
		defer end()
		forged := append([]byte{1, 0, 0, 0, 0}, make([]byte, 40)...)
		for range 30 {
			var asking sync.WaitGroup
			for _, ask := range []func() error{
				func() error { _, err := r.ring.Indexes("users", "phone", phone); return err },
				func() error { _, err := r.ring.Open(field, forged); return err },
			} {
				asking.Go(func() {
					began := time.Now()
					if err := ask(); !errors.Is(err, domain.ErrUnavailable) || time.Since(began) > 4*time.Second {
						t.Errorf("got %v after %s, want %v within four seconds", err, time.Since(began), domain.ErrUnavailable)
					}
				})
			}
			asking.Wait()
			time.Sleep(time.Second)
		}
	})
}

func TestForgedKeyDoesNotHoldThoseWhoLookForAnIndex(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := setup(t, 1)[0]
		time.Sleep(31 * time.Second)
		if _, err := r.ring.Indexes("users", "phone", phone); err != nil {
			t.Fatal(err)
		}
		var opening sync.WaitGroup
		opening.Go(func() {
			_, _ = r.ring.Open(field, append([]byte{1, 0, 0, 0, 0}, make([]byte, 40)...))
		})
		synctest.Wait() // it waits for the second to be over
		began := time.Now()
		if err := r.keeper.Rewrap(t.Context()); err != nil || time.Since(began) > 0 {
			t.Errorf("change meanwhile: %v after %s, want it at once", err, time.Since(began))
		}
		opening.Wait()
	})
}

func TestChangeSettlesByTheTimeThisProcessKnowsOfIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := setup(t, 1)[0]
		if err := r.keeper.RotateIndex(t.Context()); err != nil {
			t.Fatal(err)
		}
		days := &calendar{} // of a machine whose clock is ahead
		days.pass(time.Hour)
		table, began := &rows{ring: r}, time.Now()
		reencrypt := datakey.NewReencrypt(r.keeper, table, datakey.ReencryptOptions{Keep: keep}, days.now, newID, discard)
		if err := reencrypt.Do(t.Context(), func(datakey.Progress) {}); err != nil {
			t.Fatal(err)
		}
		if looks := table.looks(); looks[0].Sub(began) != 90*time.Second {
			t.Errorf("rows were brought to a change after %s, want 90s", looks[0].Sub(began))
		}
	})
}
