package outbox

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go"
	"golang.org/x/sync/errgroup"

	"github.com/menjin-id/menjin/bench/report"
	"github.com/menjin-id/menjin/ports"
)

// committers is how many transactions may be under way at once.
const committers = 16

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

// DirectLatency commits at the same rate and publishes each message itself, asynchronously and with nothing in between: what
// a publication that may be lost would take. The events it commits are never taken from the outbox.
func (b *Bench) DirectLatency(ctx context.Context, rate int, length time.Duration, sample []*nats.Msg) (report.Figure, error) {
	messages := make(chan *nats.Msg, len(sample))
	for _, message := range sample {
		messages <- message
	}
	var flights flights
	began := time.Now()
	err := flights.landing(ctx, func(ctx context.Context, sent chan<- publication) error {
		return atRate(ctx, rate, length, func(ctx context.Context) error {
			ids, err := b.register(ctx, 1)
			if err != nil {
				return err
			}
			flights.start(ids[0], time.Now())
			message := <-messages
			renew(message)
			future, err := b.raw.js.PublishMsgAsync(message)
			messages <- message
			if err == nil {
				sent <- publication{ids[0], future}
			}
			return err
		})
	})
	return flights.figure(time.Since(began)), err
}

// Sample returns messages as the relay publishes them; Latency must have run before.
func (b *Bench) Sample(ctx context.Context) ([]*nats.Msg, error) {
	return b.raw.sample(ctx, committers)
}

// atRate calls work at a steady rate, whether or not the call before has returned, as long as committers are free. What a
// tick came too late for is caught up with.
func atRate(ctx context.Context, rate int, length time.Duration, work func(context.Context) error) error {
	ticker := time.NewTicker(max(time.Second/time.Duration(rate), time.Millisecond/2))
	defer ticker.Stop()
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(committers)
	began, done := time.Now(), 0
	for elapsed := time.Duration(0); elapsed < length; elapsed = time.Since(began) {
		for due := int(elapsed.Seconds() * float64(rate)); done < due && ctx.Err() == nil; done++ {
			group.Go(func() error { return work(ctx) })
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return errors.Join(group.Wait(), ctx.Err())
		}
	}
	return group.Wait()
}
