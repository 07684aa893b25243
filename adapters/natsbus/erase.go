package natsbus

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	eraseChunk = 500
	eraserGone = 10 * time.Second // after which NATS forgets a consumer whose process died
)

// erase overwrites those messages below a subject, from a sequence on, that a test holds for, which is shown the headers alone.
// It returns the sequence from which to go on, also with an error.
func erase(
	ctx context.Context, stream jetstream.Stream, subject string, from uint64, goes func(jetstream.Msg) bool,
) (next uint64, err error) {
	consumer, err := stream.CreateConsumer(ctx, jetstream.ConsumerConfig{
		FilterSubject: subject, DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: from, HeadersOnly: true,
		AckPolicy: jetstream.AckNonePolicy, MemoryStorage: true, Replicas: 1, InactiveThreshold: eraserGone,
	})
	if err != nil {
		return from, fmt.Errorf("look through %s: %w", subject, err)
	}
	defer func() {
		ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = stream.DeleteConsumer(ending, consumer.CachedInfo().Name) // NATS does so by itself too
	}()
	run := eraser{stream: stream, consumer: consumer, goes: goes, next: from, pending: consumer.CachedInfo().NumPending}
	for run.pending > 0 {
		if err := run.chunk(ctx); err != nil {
			return run.next, fmt.Errorf("look through %s: %w", subject, err)
		}
	}
	return run.next, nil
}

// eraser goes through messages in their order.
type eraser struct {
	stream   jetstream.Stream
	consumer jetstream.Consumer
	goes     func(jetstream.Msg) bool
	seen     uint64
	next     uint64 // in the stream
	pending  uint64
}

var errMissed = errors.New("messages were missed on the way")

func (e *eraser) chunk(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	batch, err := e.consumer.FetchNoWait(eraseChunk)
	if err != nil {
		return err
	}
	before := e.seen
	for message := range batch.Messages() {
		if err := e.take(ctx, message); err != nil {
			return err
		}
	}
	if err := batch.Error(); err != nil {
		return err
	}
	if e.seen == before { // a connection that was lost ends a batch without an error
		return errMissed
	}
	return nil
}

func (e *eraser) take(ctx context.Context, message jetstream.Msg) error {
	place, err := message.Metadata()
	if err != nil {
		return err
	}
	if e.seen++; place.Sequence.Consumer != e.seen {
		return errMissed
	}
	if e.goes(message) {
		if err := overwrite(ctx, e.stream, place.Sequence.Stream); err != nil {
			return err
		}
	}
	e.next, e.pending = place.Sequence.Stream+1, place.NumPending
	return nil
}

// overwrite takes it for done when another replica was quicker.
func overwrite(ctx context.Context, stream jetstream.Stream, sequence uint64) error {
	err := stream.SecureDeleteMsg(ctx, sequence)
	if !errors.Is(err, jetstream.ErrMsgDeleteUnsuccessful) {
		return err
	}
	if _, gone := stream.GetMsg(ctx, sequence); errors.Is(gone, jetstream.ErrMsgNotFound) {
		return nil
	}
	return err
}
