package subscriber

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// How far there was nothing left for a consumer is kept in the metadata of another one, the mark, which hands out nothing.
// It cannot be kept in the metadata of the first: NATS replaces a configuration as a whole, and a mark that was made from what
// was read a moment ago would take back the filters that another release has written since.
const (
	markSuffix = "_read_to"
	markKit    = "mark"
	markFilter = "menjin.user.read_to.none" // nothing is published there
	metaOf     = "menjin-consumer"          // when the consumer was made that the mark is about

	// markWait is short, as NATS does not answer what it does not permit, and the loop has events to prolong.
	markWait = time.Second
)

// warnOfMark says once what is missing.
func (s *Subscriber) warnOfMark(ctx context.Context, err error) {
	if s.unmarked.CompareAndSwap(false, true) {
		s.options.Log.WarnContext(ctx, "how far nothing is left cannot be kept: a subscriber of rare events may take itself for overtaken; "+
			"permit the consumer "+s.name+markSuffix+" to it as well", "consumer", s.name, "error", err)
	}
}

// readMark returns 0 when there is no mark about this consumer. One of that name that was deleted may have left its own.
func (s *Subscriber) readMark(ctx context.Context, stream jetstream.Stream, info *jetstream.ConsumerInfo) (uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, markWait)
	defer cancel()
	mark, err := stream.Consumer(ctx, s.name+markSuffix)
	if errors.Is(err, jetstream.ErrConsumerNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("look at mark: %w", err)
	}
	metadata := mark.CachedInfo().Config.Metadata
	if metadata[metaKit] != markKit || metadata[metaOf] != made(info) {
		return 0, nil
	}
	marked, _ := strconv.ParseUint(metadata[metaReadTo], 10, 64)
	return marked, nil
}

func (s *Subscriber) writeMark(ctx context.Context, stream jetstream.Stream, info *jetstream.ConsumerInfo, read uint64) error {
	ctx, cancel := context.WithTimeout(ctx, markWait)
	defer cancel()
	name := s.name + markSuffix
	config := jetstream.ConsumerConfig{
		Durable: name, Description: "How far " + s.name + " had nothing left", AckPolicy: jetstream.AckExplicitPolicy,
		DeliverPolicy: jetstream.DeliverNewPolicy, FilterSubject: markFilter,
		Metadata: map[string]string{metaKit: markKit, metaOf: made(info), metaReadTo: strconv.FormatUint(read, 10)},
	}
	mark, err := stream.Consumer(ctx, name)
	switch {
	case errors.Is(err, jetstream.ErrConsumerNotFound):
		_, err = stream.CreateConsumer(ctx, config)
	case err == nil && mark.CachedInfo().Config.Metadata[metaKit] != markKit:
		err = fmt.Errorf("%w: %s", ErrForeign, name)
	case err == nil:
		_, err = stream.UpdateConsumer(ctx, config)
	}
	if err != nil {
		return fmt.Errorf("write mark: %w", err)
	}
	return nil
}

func made(info *jetstream.ConsumerInfo) string { return strconv.FormatInt(info.Created.UnixNano(), 10) }
