package natsbus

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	walkChunk  = 500
	walkerGone = 10 * time.Second // after which NATS forgets a consumer whose process died
)

var (
	errMissed = errors.New("messages were missed on the way")
	errEnough = errors.New("nothing more is wanted") // ends a walk, and is no error of it
)

// walk shows messages of the stream in their order, by their headers alone, up to its end or until take has enough. Which they
// are, the consumer's filter and start say. A message that was missed is an error: whoever walks goes on behind the last one
// that was taken.
func walk(
	ctx context.Context, stream jetstream.Stream, which jetstream.ConsumerConfig, take func(message jetstream.Msg, sequence uint64) error,
) error {
	which.HeadersOnly, which.AckPolicy = true, jetstream.AckNonePolicy
	which.MemoryStorage, which.Replicas, which.InactiveThreshold = true, 1, walkerGone
	consumer, err := stream.CreateConsumer(ctx, which)
	if err != nil {
		return err
	}
	defer func() {
		ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = stream.DeleteConsumer(ending, consumer.CachedInfo().Name) // NATS does so by itself too
	}()
	w := walker{consumer: consumer, take: take, pending: consumer.CachedInfo().NumPending}
	for w.pending > 0 {
		if err := w.chunk(ctx); errors.Is(err, errEnough) {
			return nil
		} else if err != nil {
			return err
		}
	}
	return nil
}

type walker struct {
	consumer jetstream.Consumer
	take     func(message jetstream.Msg, sequence uint64) error
	seen     uint64
	pending  uint64
}

func (w *walker) chunk(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	batch, err := w.consumer.FetchNoWait(walkChunk)
	if err != nil {
		return err
	}
	before := w.seen
	for message := range batch.Messages() {
		if err := w.step(message); err != nil {
			return err
		}
	}
	if err := batch.Error(); err != nil {
		return err
	}
	if w.seen == before { // a connection that was lost ends a batch without an error
		return errMissed
	}
	return nil
}

func (w *walker) step(message jetstream.Msg) error {
	place, err := message.Metadata()
	if err != nil {
		return err
	}
	if w.seen++; place.Sequence.Consumer != w.seen {
		return errMissed
	}
	w.pending = place.NumPending
	return w.take(message, place.Sequence.Stream)
}
