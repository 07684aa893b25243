package outbox

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"golang.org/x/sync/errgroup"

	"github.com/menjin-id/menjin/bench/load"
	"github.com/menjin-id/menjin/bench/report"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// committers is how many transactions may be under way at once.
const committers = 8

// Latency commits registrations at a steady rate and measures, for each, from the moment the commit returned to the one at
// which its event was acknowledged. Nothing may wait in the outbox before it.
func (b *Bench) Latency(ctx context.Context, rate int, length time.Duration) (report.Figure, error) {
	var flights flights
	acknowledged := func(events []ports.OutboxEvent) {
		at := time.Now()
		for _, event := range events {
			flights.land(event.Message.ID, at)
		}
	}
	began := time.Now()
	err := b.withRelay(ctx, acknowledged, func() error {
		err := atRate(ctx, rate, length, func(ctx context.Context) error {
			ids, err := b.register(ctx, 1)
			if err == nil {
				flights.start(ids[0], time.Now())
			}
			return err
		})
		if err != nil {
			return err
		}
		return flights.await(ctx)
	})
	return flights.figure(time.Since(began)), err
}

// DirectLatency commits at the same rate and publishes each message itself, with nothing in between: what a publication
// that may be lost would take. The events it commits are never taken from the outbox.
func (b *Bench) DirectLatency(ctx context.Context, rate int, length time.Duration, sample []*nats.Msg) (report.Figure, error) {
	messages := make(chan *nats.Msg, len(sample))
	for _, message := range sample {
		messages <- message
	}
	var flights flights
	began := time.Now()
	err := atRate(ctx, rate, length, func(ctx context.Context) error {
		ids, err := b.register(ctx, 1)
		if err != nil {
			return err
		}
		flights.start(ids[0], time.Now())
		message := <-messages
		renew(message)
		_, err = b.raw.js.PublishMsg(ctx, message)
		flights.land(ids[0], time.Now())
		messages <- message
		return err
	})
	return flights.figure(time.Since(began)), err
}

// Sample returns messages as the relay publishes them; Latency must have run before.
func (b *Bench) Sample(ctx context.Context) ([]*nats.Msg, error) {
	return b.raw.sample(ctx, committers)
}

// atRate calls work at a steady rate, whether or not the call before has returned, as long as committers are free.
func atRate(ctx context.Context, rate int, length time.Duration, work func(context.Context) error) error {
	ticker := time.NewTicker(time.Second / time.Duration(rate))
	defer ticker.Stop()
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(committers)
	for until := time.Now().Add(length); time.Now().Before(until); {
		select {
		case <-ticker.C:
			group.Go(func() error { return work(ctx) })
		case <-ctx.Done():
			return errors.Join(group.Wait(), ctx.Err())
		}
	}
	return group.Wait()
}

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
