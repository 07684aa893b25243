package outbox

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"

	"github.com/menjin-id/menjin/bench/load"
	"github.com/menjin-id/menjin/bench/report"
	"github.com/menjin-id/menjin/domain"
)

// flights joins commits with acknowledgements. An event may be acknowledged before its committer has been told that the
// commit is done: then it took no time.
type flights struct {
	mu      sync.Mutex
	open    map[domain.EventID]time.Time // of the one of the two that came first
	latency load.Histogram
}

func (f *flights) start(id domain.EventID, at time.Time) {
	f.join(id, at, func(time.Time) time.Duration { return 0 })
}

func (f *flights) land(id domain.EventID, at time.Time) {
	f.join(id, at, func(start time.Time) time.Duration { return at.Sub(start) })
}

func (f *flights) join(id domain.EventID, at time.Time, took func(other time.Time) time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.open == nil {
		f.open = make(map[domain.EventID]time.Time)
	}
	other, found := f.open[id]
	if !found {
		f.open[id] = at
		return
	}
	delete(f.open, id)
	f.latency.Record(took(other))
}

// await returns when every commit has its acknowledgement.
func (f *flights) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		f.mu.Lock()
		open := len(f.open)
		f.mu.Unlock()
		if open == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%d events were not acknowledged: %w", open, ctx.Err())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func (f *flights) figure(took time.Duration) report.Figure {
	f.mu.Lock()
	defer f.mu.Unlock()
	return report.Figure{
		Rate: float64(f.latency.Count()) / took.Seconds(), P50: f.latency.Quantile(0.5), P99: f.latency.Quantile(0.99),
		CPU: -1, Allocs: -1, Bytes: -1,
	}
}

// publication is a message on its way to the stream.
type publication struct {
	id     domain.EventID
	future jetstream.PubAckFuture
}

// landing lets what work sends land as it is acknowledged, which is in the order of sending, and returns when all has.
func (f *flights) landing(ctx context.Context, work func(ctx context.Context, sent chan<- publication) error) error {
	sent := make(chan publication, 4096)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		defer close(sent)
		return work(ctx, sent)
	})
	var failure error
	for next := range sent { // to the end, so that work never waits for room
		if err := await(ctx, []jetstream.PubAckFuture{next.future}); err != nil {
			failure = err
			continue
		}
		f.land(next.id, time.Now())
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return failure
}
