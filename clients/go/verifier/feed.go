package verifier

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	menjin "github.com/menjin-id/menjin/clients/go"
)

const (
	confirmEvery = time.Second
	confirmWait  = 2 * time.Second
	feedRetry    = 500 * time.Millisecond
	feedBatch    = 500
	forgetEvery  = time.Minute
	logEvery     = time.Minute
	maxMissed    = 3 // confirmations that fail before the stream is read anew
)

// Run follows the feed until ctx ends, through outages of NATS. A verifier without a feed needs no Run.
func (v *Verifier) Run(ctx context.Context) {
	if v.options.Feed == nil {
		return
	}
	var logged time.Time
	for {
		err := v.follow(ctx)
		if ctx.Err() != nil {
			return
		}
		if time.Since(logged) > logEvery {
			v.options.Log.WarnContext(ctx, "ended sessions cannot be followed for now", "error", err)
			logged = time.Now()
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(feedRetry):
		}
	}
}

// reading is a consumer of the feed. Nothing is acknowledged and nothing comes twice: when a message is missing in its count,
// or it falls silent, a new one is made, which reads everything that matters once more.
type reading struct {
	consumer jetstream.Consumer
	messages chan jetstream.Msg
	ended    error  // why; read after messages is closed
	first    uint64 // how many there were at the beginning
	last     uint64 // the last that came, in the consumer's count from 1
}

func (v *Verifier) follow(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r, err := v.open(ctx)
	if err != nil {
		return err
	}
	stopped := make(chan struct{})
	go func() { defer close(stopped); r.pull(ctx) }()
	defer func() { cancel(); <-stopped; v.close(ctx, r) }()

	confirm, forget := time.NewTicker(confirmEvery), time.NewTicker(forgetEvery)
	defer confirm.Stop()
	defer forget.Stop()
	missed := 0
	for first := time.After(confirmEvery / 50); ; {
		var err error
		select {
		case message, open := <-r.messages:
			if !open {
				return r.ended
			}
			if err := v.take(ctx, r, message); err != nil {
				return err
			}
			continue
		case <-forget.C:
			v.ended.forget(time.Now())
			continue
		case <-ctx.Done():
			return ctx.Err()
		case <-first:
			err = v.confirm(ctx, r)
		case <-confirm.C:
			err = v.confirm(ctx, r)
		}
		switch {
		case err == nil:
			missed = 0
		case errors.Is(err, errBehind):
			first = time.After(confirmEvery / 10) // what is missing is under way
			if missed++; missed > 10*maxMissed {
				return err
			}
		default:
			if missed++; missed > maxMissed {
				return err
			}
		}
	}
}

// open makes a consumer that begins as far back as a token can reach.
func (v *Verifier) open(ctx context.Context) (*reading, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*confirmWait)
	defer cancel()
	from := time.Now().Add(-v.options.TokenLife - 2*v.options.Leeway)
	consumer, err := v.options.Feed.CreateConsumer(ctx, v.options.Stream, jetstream.ConsumerConfig{
		Description: "Sessions that ended, for a verifier of tokens", FilterSubjects: feedSubjects(),
		DeliverPolicy: jetstream.DeliverByStartTimePolicy, OptStartTime: &from, AckPolicy: jetstream.AckNonePolicy,
		MemoryStorage: true, Replicas: 1, InactiveThreshold: time.Minute,
	})
	if err != nil {
		return nil, fmt.Errorf("follow stream %s: %w", v.options.Stream, err)
	}
	return &reading{
		consumer: consumer, messages: make(chan jetstream.Msg), first: consumer.CachedInfo().NumPending,
	}, nil
}

// close spares the server a consumer that would go by itself after a while.
func (v *Verifier) close(ctx context.Context, r *reading) {
	if !v.options.Feed.Conn().IsConnected() {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), confirmWait)
	defer cancel()
	_ = v.options.Feed.DeleteConsumer(ctx, v.options.Stream, r.consumer.CachedInfo().Name)
}

func (r *reading) pull(ctx context.Context) {
	defer close(r.messages)
	iterator, err := r.consumer.Messages(jetstream.PullMaxMessages(feedBatch),
		jetstream.PullExpiry(10*time.Second), jetstream.PullHeartbeat(2*time.Second))
	if err != nil {
		r.ended = err
		return
	}
	defer iterator.Stop()
	for {
		next, cancel := context.WithTimeout(ctx, 5*time.Second) // the client looks whether it should pull again when it is called
		message, err := iterator.Next(jetstream.NextContext(next))
		cancel()
		if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
			continue
		}
		if err != nil {
			r.ended = err
			return
		}
		select {
		case r.messages <- message:
		case <-ctx.Done():
			return
		}
	}
}

func (v *Verifier) take(ctx context.Context, r *reading, message jetstream.Msg) error {
	meta, err := message.Metadata()
	if err != nil {
		return err
	}
	if meta.Sequence.Consumer != r.last+1 {
		return fmt.Errorf("message %d of the feed came after %d", meta.Sequence.Consumer, r.last)
	}
	r.last = meta.Sequence.Consumer
	event, err := menjin.Read(message.Headers(), message.Data())
	if err == nil {
		err = v.ended.note(event)
	}
	if err != nil {
		v.options.Log.ErrorContext(ctx, "an event of the feed is malformed", "stream_sequence", meta.Sequence.Stream, "error", err)
	}
	return nil
}

var errBehind = errors.New("the feed has more than has come here")

// confirm notes that at the time of asking there was nothing that is not here.
func (v *Verifier) confirm(ctx context.Context, r *reading) error {
	ctx, cancel := context.WithTimeout(ctx, confirmWait)
	defer cancel()
	asked := time.Now()
	info, err := r.consumer.Info(ctx)
	if err != nil {
		return fmt.Errorf("ask the feed: %w", err)
	}
	if info.NumPending > 0 || info.Delivered.Consumer != r.last || r.last < r.first {
		return errBehind
	}
	v.confirmed.Store(&asked)
	return nil
}
