package subscriber

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	requestWait = 5 * time.Second
	group       = "menjin" // one of its members works, the others stand by

	// What the kit writes to its consumers, to know them again and how far they had read when nothing was left.
	metaKit    = "menjin-kit"
	metaReadTo = "menjin-read-to"
	kitName    = "subscriber"
)

// ensure makes the consumer, or brings the one that exists to what the options and handlers ask for.
func (s *Subscriber) ensure(ctx context.Context) (jetstream.Stream, jetstream.Consumer, error) {
	ctx, cancel := context.WithTimeout(ctx, requestWait)
	defer cancel()
	stream, err := s.js.Stream(ctx, s.options.Stream)
	if err != nil {
		return nil, nil, fmt.Errorf("look at stream %s: %w", s.options.Stream, err)
	}
	consumer, err := stream.Consumer(ctx, s.name)
	if errors.Is(err, jetstream.ErrConsumerNotFound) {
		consumer, err = s.create(ctx, stream)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("look at consumer %s: %w", s.name, err)
	}
	if consumer, err = s.update(ctx, stream, consumer.CachedInfo()); err != nil {
		return nil, nil, fmt.Errorf("consumer %s: %w", s.name, err)
	}
	return stream, consumer, nil
}

func (s *Subscriber) create(ctx context.Context, stream jetstream.Stream) (jetstream.Consumer, error) {
	state := stream.CachedInfo().State
	config := jetstream.ConsumerConfig{Durable: s.name, AckPolicy: jetstream.AckExplicitPolicy}
	readTo := max(state.FirstSeq, 1) - 1
	if s.options.FromNow {
		config.DeliverPolicy, readTo = jetstream.DeliverNewPolicy, state.LastSeq
	}
	s.tune(&config, s.handlers.filters())
	config.Metadata[metaReadTo] = strconv.FormatUint(readTo, 10)
	consumer, err := stream.CreateConsumer(ctx, config)
	if errors.Is(err, jetstream.ErrConsumerExists) { // another replica was quicker
		return stream.Consumer(ctx, s.name)
	}
	if err == nil && consumer.CachedInfo().Config.PriorityPolicy != jetstream.PriorityPolicyPinned {
		_ = stream.DeleteConsumer(ctx, s.name)
		return nil, fmt.Errorf("%w: it runs %s, 2.11 is needed", ErrTooOld, s.js.Conn().ConnectedServerVersion())
	}
	return consumer, err
}

// tune sets what may change while a consumer exists.
func (s *Subscriber) tune(config *jetstream.ConsumerConfig, filters []string) {
	config.FilterSubject, config.FilterSubjects = "", filters
	config.AckWait, config.MaxAckPending, config.MaxDeliver = s.options.AckWait, s.options.Window, -1
	config.PriorityPolicy, config.PriorityGroups, config.PinnedTTL = jetstream.PriorityPolicyPinned, []string{group}, s.options.AckWait
	config.Metadata = maps.Clone(config.Metadata)
	if config.Metadata == nil {
		config.Metadata = make(map[string]string)
	}
	config.Metadata[metaKit] = kitName
}

func (s *Subscriber) update(
	ctx context.Context, stream jetstream.Stream, info *jetstream.ConsumerInfo,
) (jetstream.Consumer, error) {
	exists := info.Config
	if exists.Metadata[metaKit] != kitName || exists.DeliverSubject != "" || exists.AckPolicy != jetstream.AckExplicitPolicy {
		return nil, fmt.Errorf("%w: choose another name, or delete it", ErrForeign)
	}
	if err := s.checkNarrow(exists); err != nil {
		return nil, err
	}
	state := stream.CachedInfo().State
	wanted := exists
	s.tune(&wanted, s.handlers.filters())
	if err := checkRetention(state, info); err != nil {
		if !s.options.AcceptGap {
			return nil, err
		}
		s.options.Log.WarnContext(ctx, "a gap in the events is accepted", "consumer", s.name, "error", err)
		wanted.Metadata[metaReadTo] = strconv.FormatUint(state.FirstSeq-1, 10)
	}
	if !reflect.DeepEqual(essence(exists), essence(wanted)) {
		return stream.UpdateConsumer(ctx, wanted)
	}
	return stream.Consumer(ctx, s.name)
}

// essence leaves out what the server adds and how a single filter is written.
func essence(config jetstream.ConsumerConfig) jetstream.ConsumerConfig {
	config.FilterSubject, config.FilterSubjects = "", filtersOf(config)
	config.Metadata = map[string]string{metaKit: config.Metadata[metaKit], metaReadTo: config.Metadata[metaReadTo]}
	return config
}

func filtersOf(config jetstream.ConsumerConfig) []string {
	if config.FilterSubject != "" {
		return []string{config.FilterSubject}
	}
	return slices.Sorted(slices.Values(config.FilterSubjects))
}

func (s *Subscriber) checkNarrow(exists jetstream.ConsumerConfig) error {
	if s.options.Narrow {
		return nil
	}
	for _, filter := range filtersOf(exists) {
		if !s.asksFor(filter) {
			return fmt.Errorf("%w: it asks for %s, which has no handler here. Another release of this service may still need it; "+
				"when none does, start once with Options.Narrow", ErrNarrowed, filter)
		}
	}
	return nil
}

func (s *Subscriber) asksFor(subject string) bool {
	return slices.ContainsFunc(s.handlers.subjects, func(ours string) bool { return ours == subject || covers(ours, subject) })
}

// checkRetention compares where the consumer has to go on with what the stream still has. The server's own count stays at the
// last event that it handed out, and a consumer of rare kinds would look overtaken although it missed nothing; the mark tells
// how far there was nothing for it.
func checkRetention(state jetstream.StreamState, info *jetstream.ConsumerInfo) error {
	read := info.Delivered.Stream
	if info.NumAckPending > 0 {
		read = info.AckFloor.Stream
	}
	marked, _ := strconv.ParseUint(info.Config.Metadata[metaReadTo], 10, 64)
	if read = max(read, marked); state.FirstSeq <= read+1 {
		return nil
	}
	return fmt.Errorf("%w: of stream sequences %d to %d some or all are gone, and what was among them for this consumer was not "+
		"handled. Bring your data up to date from another source, then start once with Options.AcceptGap",
		ErrOvertaken, read+1, state.FirstSeq-1)
}

// mark writes down how far there is nothing left for the consumer.
func (s *Subscriber) mark(ctx context.Context, stream jetstream.Stream) error {
	ctx, cancel := context.WithTimeout(ctx, requestWait)
	defer cancel()
	before, err := stream.Info(ctx) // before the consumer, which then has seen at least this
	if err != nil {
		return err
	}
	consumer, err := stream.Consumer(ctx, s.name)
	if err != nil {
		return err
	}
	info := consumer.CachedInfo()
	if info.NumPending > 0 || info.NumAckPending > 0 {
		return nil
	}
	info.Config.Metadata = maps.Clone(info.Config.Metadata)
	info.Config.Metadata[metaReadTo] = strconv.FormatUint(before.State.LastSeq, 10)
	_, err = stream.UpdateConsumer(ctx, info.Config)
	return err
}
