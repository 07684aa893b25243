package outbox

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"golang.org/x/sync/errgroup"

	"github.com/menjin-id/menjin/adapters/sqlstore"
	"github.com/menjin-id/menjin/bench/report"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// Fill commits events that nobody publishes yet. Drain expects the database to hold no others.
func (b *Bench) Fill(ctx context.Context, events int) error {
	const inOne = 500
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(4)
	for left := events; left > 0; left -= inOne {
		work.Go(func() error {
			_, err := b.register(ctx, min(inOne, left))
			return err
		})
	}
	if err := work.Wait(); err != nil {
		return fmt.Errorf("commit %d events: %w", events, err)
	}
	return nil
}

// Drain lets a relay publish every event that Fill committed, into a new stream, and then publishes as many of the same
// messages without an outbox. It fails when the stream does not hold each once.
func (b *Bench) Drain(ctx context.Context, events int) (floor, ours report.Figure, err error) {
	if ours, err = b.drainRelay(ctx, events); err != nil {
		return floor, ours, fmt.Errorf("drain the outbox: %w", err)
	}
	if err := b.checkStored(ctx, events); err != nil {
		return floor, ours, err
	}
	sample, err := b.raw.sample(ctx, batch)
	if err != nil {
		return floor, ours, err
	}
	if floor, err = b.drainRaw(ctx, sample, events); err != nil {
		return floor, ours, fmt.Errorf("publish without an outbox: %w", err)
	}
	return floor, ours, b.checkStored(ctx, events)
}

func (b *Bench) drainRelay(ctx context.Context, events int) (report.Figure, error) {
	if err := b.raw.removeStream(ctx); err != nil {
		return report.Figure{}, err
	}
	queue := sqlstore.NewOutbox(b.db, sqlstore.OutboxOptions{})
	if _, err := queue.Requeue(ctx, domain.EventID{}, 0, ports.StreamPosition{}); err != nil {
		return report.Figure{}, err
	}
	left, drained := events, make(chan time.Time, 1)
	acknowledged := func(batch []ports.OutboxEvent) {
		if left -= len(batch); left == 0 {
			drained <- time.Now()
		}
	}
	var figure report.Figure
	err := b.withRelay(ctx, acknowledged, func() error {
		clock := b.startClock()
		select {
		case at := <-drained:
			figure = clock.figure(at.Sub(clock.began), events)
			return nil
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(2 * patience):
			return fmt.Errorf("events are still not published after %s", 2*patience)
		}
	})
	return figure, err
}

func (b *Bench) drainRaw(ctx context.Context, sample []*nats.Msg, events int) (report.Figure, error) {
	if err := b.raw.emptyStream(ctx); err != nil {
		return report.Figure{}, err
	}
	clock := b.startClock()
	took, err := b.raw.publishAll(ctx, sample, events)
	return clock.figure(took, events), err
}

func (b *Bench) checkStored(ctx context.Context, events int) error {
	stored, err := b.raw.stored(ctx)
	if err == nil && stored != uint64(events) {
		err = fmt.Errorf("the stream holds %d messages instead of %d", stored, events)
	}
	return err
}
