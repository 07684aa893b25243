package subscriber

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Start says from where events are read again.
type Start struct {
	sequence uint64
	time     time.Time
}

// FromSequence starts at a place in the stream: Event.StreamSequence.
func FromSequence(sequence uint64) Start { return Start{sequence: max(sequence, 1)} }

// Since starts with the first event that came to the stream at a time or later.
func Since(t time.Time) Start { return Start{time: t} }

// Replay reads again what the stream holds from a start to its present end, and hands it to the handlers with Event.Replayed
// set, one after the other in the order of the stream. It has a consumer of its own and changes nothing about the durable one; it
// may be called before, beside or instead of Run.
//
// An inbox knows the events that were handled and passes over them, so a replay over a range in which some were lost does
// those alone. To do work again on purpose, use an inbox of another name.
//
// A handler that fails is tried again as in Run, but for Options.MaxAttempts (0: 10) times only, as nothing is lost by giving up: an
// event that stays behind ends the replay with an error that tells its place, from which another replay can go on. It returns the
// context's error when that ends first.
func (s *Subscriber) Replay(ctx context.Context, start Start) error {
	end, err := s.end(ctx)
	if err != nil {
		return err
	}
	config := jetstream.OrderedConsumerConfig{
		FilterSubjects: s.handlers.filters(), DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: start.sequence,
	}
	if start.sequence == 0 {
		config.DeliverPolicy, config.OptStartTime = jetstream.DeliverByStartTimePolicy, &start.time
	}
	consumer, err := s.js.OrderedConsumer(ctx, s.options.Stream, config)
	if err != nil {
		return fmt.Errorf("replay: %w", err)
	}
	info, err := consumer.Info(ctx)
	if err != nil {
		return fmt.Errorf("replay: %w", err)
	}
	if info.NumPending == 0 && info.Delivered.Consumer == 0 {
		return nil
	}
	iterator, err := consumer.Messages()
	if err != nil {
		return fmt.Errorf("replay: %w", err)
	}
	defer iterator.Stop()
	for {
		message, err := iterator.Next(jetstream.NextContext(ctx))
		if err != nil {
			return fmt.Errorf("replay: %w", err)
		}
		d := receive(message)
		if d == nil || d.sequence > end {
			return nil
		}
		if err := s.again(ctx, d); err != nil {
			return fmt.Errorf("replay stream sequence %d: %w", d.sequence, err)
		}
		if meta, err := message.Metadata(); err != nil || meta.NumPending == 0 {
			return nil
		}
	}
}

// end is the last place in the stream for now.
func (s *Subscriber) end(ctx context.Context) (uint64, error) {
	stream, err := s.js.Stream(ctx, s.options.Stream)
	if err != nil {
		return 0, fmt.Errorf("replay: look at stream %s: %w", s.options.Stream, err)
	}
	return stream.CachedInfo().State.LastSeq, nil
}

// again hands one event to its handler until it succeeds or has failed too often.
func (s *Subscriber) again(ctx context.Context, d *delivery) error {
	d.event.Replayed = true
	for failures := 1; ; failures++ {
		_, err := s.handle(ctx, d)
		if err == nil || errors.Is(err, errNotOurs) {
			return nil
		}
		if ctx.Err() != nil || isPermanent(err) || failures >= cmp.Or(s.options.MaxAttempts, defaultAttempts) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(s.backoff(failures)):
		}
	}
}
