package retention_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/menjin-id/menjin/application/retention"
)

// archive holds one row for each instant.
type archive struct {
	mu     sync.Mutex
	rows   []time.Time
	failed int
	fail   bool
}

func (a *archive) Sweep(_ context.Context, before time.Time, limit int) (int64, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.fail {
		a.failed++
		return 0, errors.New("out of reach")
	}
	var kept []time.Time
	deleted := int64(0)
	for _, at := range a.rows {
		if at.Before(before) && deleted < int64(limit) {
			deleted++
		} else {
			kept = append(kept, at)
		}
	}
	a.rows = kept
	return deleted, nil
}

func (a *archive) state() (rows, failures int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.rows), a.failed
}

func TestSweep(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		old, young, broken := &archive{}, &archive{}, &archive{fail: true}
		for range 2500 { // more than one chunk
			old.rows = append(old.rows, time.Now())
		}
		time.Sleep(time.Hour)
		young.rows = append(young.rows, time.Now())
		sweep := retention.NewSweep([]retention.Rule{
			{Name: "broken", Archive: broken},
			{Name: "old", Archive: old, Keep: 30 * time.Minute},
			{Name: "young", Archive: young, Keep: 30 * time.Minute},
		}, time.Now, slog.New(slog.DiscardHandler))
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- sweep.Run(ctx) }()
		synctest.Wait()
		oldRows, _ := old.state()
		youngRows, _ := young.state()
		if oldRows != 0 || youngRows != 1 {
			t.Errorf("at the start %d old and %d young rows are left, want 0 and 1", oldRows, youngRows)
		}
		time.Sleep(41 * time.Minute)
		synctest.Wait()
		youngRows, _ = young.state()
		if _, failures := broken.state(); youngRows != 0 || failures < 2 {
			t.Errorf("later %d young rows are left after %d failures of another", youngRows, failures)
		}
		cancel()
		if err := <-done; err != nil {
			t.Errorf("stopping: got %v", err)
		}
	})
}
