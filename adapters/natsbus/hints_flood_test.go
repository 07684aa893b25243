package natsbus

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestFloodOfHintsIsHandedOnAtAnIntervalAndTheLastIsNotLost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := hints{ending: make(chan struct{})}
		arrived, looks := make(chan struct{}, 1), new(atomic.Int64)
		h.done.Go(func() { h.pace(arrived, lookInterval, func() { looks.Add(1) }) })
		for range 1000 {
			signal(arrived)
			time.Sleep(time.Millisecond)
		}
		synctest.Wait()
		if got, most := looks.Load(), int64(time.Second/lookInterval)+1; got < most/2 || got > most {
			t.Errorf("a flood of a second: got %d looks, want %d at most and not much fewer", got, most)
		}
		time.Sleep(2 * lookInterval)
		synctest.Wait()
		before := looks.Load()
		signal(arrived)
		synctest.Wait()
		if got := looks.Load(); got != before+1 {
			t.Errorf("a hint after a pause: got %d looks, want one at once", got-before)
		}
		signal(arrived)
		synctest.Wait()
		if looks.Load() != before+1 {
			t.Error("a hint right after another: got a look, want none yet")
		}
		time.Sleep(lookInterval)
		synctest.Wait()
		if got := looks.Load(); got != before+2 {
			t.Errorf("the last hint: got %d looks, want its own after the interval", got-before-1)
		}
		h.stop()
	})
}
