package outbox

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/menjin-id/menjin/bench/load"
	"github.com/menjin-id/menjin/bench/report"
	"github.com/menjin-id/menjin/ports"
)

// Saturate lets writers register users as fast as they can, each with its event, which nobody publishes.
func (b *Bench) Saturate(ctx context.Context, writers int, length time.Duration) (report.Figure, error) {
	figure, _, _, err := b.saturate(ctx, writers, length)
	return figure, err
}

// Relayed is what a relay did beside the writers.
type Relayed struct {
	Behind time.Duration // from the last commit to the last acknowledgement
	Batch  float64       // events in one, on average
}

// SaturateRelayed is Saturate with a relay that publishes every event. Nothing may wait in the outbox before it.
func (b *Bench) SaturateRelayed(ctx context.Context, writers int, length time.Duration) (figure report.Figure, did Relayed, err error) {
	var (
		published, batches atomic.Int64
		last               atomic.Pointer[time.Time]
	)
	acknowledged := func(events []ports.OutboxEvent) {
		at := time.Now()
		last.Store(&at)
		batches.Add(1)
		published.Add(int64(len(events)))
	}
	err = b.withRelay(ctx, acknowledged, func() (err error) {
		var committed int64
		var ended time.Time
		if figure, committed, ended, err = b.saturate(ctx, writers, length); err != nil {
			return err
		}
		if err := reach(ctx, &published, committed); err != nil {
			return err
		}
		did.Behind = max(last.Load().Sub(ended), 0)
		return nil
	})
	did.Batch = float64(published.Load()) / float64(max(batches.Load(), 1))
	return figure, did, err
}

// saturate also returns how many registrations there were, and when the last was done.
func (b *Bench) saturate(
	ctx context.Context, writers int, length time.Duration,
) (figure report.Figure, committed int64, ended time.Time, err error) {
	var (
		mu  sync.Mutex
		all load.Histogram
	)
	group, ctx := errgroup.WithContext(ctx)
	clock := b.startClock()
	for range writers {
		group.Go(func() error {
			var mine load.Histogram
			for began := time.Now(); began.Sub(clock.began) < length; {
				if _, err := b.register(ctx, 1); err != nil {
					return err
				}
				end := time.Now()
				mine.Record(end.Sub(began))
				began = end
			}
			mu.Lock()
			defer mu.Unlock()
			all.Merge(&mine)
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return figure, 0, ended, fmt.Errorf("register: %w", err)
	}
	ended = time.Now()
	figure = clock.figure(ended.Sub(clock.began), int(all.Count()))
	figure.P50, figure.P99 = all.Quantile(0.5), all.Quantile(0.99)
	return figure, int64(all.Count()), ended, nil
}

// reach returns when so many events are published.
func reach(ctx context.Context, published *atomic.Int64, want int64) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for published.Load() < want {
		select {
		case <-ctx.Done():
			return fmt.Errorf("%d of %d events are published: %w", published.Load(), want, ctx.Err())
		case <-time.After(time.Millisecond):
		}
	}
	return nil
}
