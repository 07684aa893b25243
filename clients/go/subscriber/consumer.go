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

	// What the kit writes to its consumers, to know them again and from behind which place they were to start.
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
	switch {
	case s.options.FromNow && s.looked.IsZero():
		config.DeliverPolicy, readTo = jetstream.DeliverNewPolicy, state.LastSeq
	case s.options.FromNow && state.LastSeq >= s.place: // it is gone: what came since is not what FromNow is to leave out
		since, err := firstSince(ctx, stream, s.looked)
		if err != nil {
			return nil, err
		}
		readTo = min(s.place, since-1) // less than the place when the stream was put back to an older copy and has grown since
		config.DeliverPolicy, config.OptStartSeq = jetstream.DeliverByStartSequencePolicy, readTo+1
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

// firstSince is the place of the first event that was stored after a time, or of the next that will be.
func firstSince(ctx context.Context, stream jetstream.Stream, t time.Time) (uint64, error) {
	probe, err := stream.CreateConsumer(ctx, jetstream.ConsumerConfig{
		DeliverPolicy: jetstream.DeliverByStartTimePolicy, OptStartTime: &t, AckPolicy: jetstream.AckNonePolicy,
		MemoryStorage: true, InactiveThreshold: requestWait,
	})
	if err != nil {
		return 0, fmt.Errorf("find the first event since %s: %w", t, err)
	}
	info := probe.CachedInfo()
	_ = stream.DeleteConsumer(ctx, info.Name) // or the server does
	return info.Delivered.Stream + 1, nil
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
	if err := s.goOn(ctx, stream, stream.CachedInfo().State, info); err != nil {
		return nil, err
	}
	wanted := exists
	s.tune(&wanted, s.handlers.filters())
	if !reflect.DeepEqual(essence(exists), essence(wanted)) {
		return stream.UpdateConsumer(ctx, wanted)
	}
	return stream.Consumer(ctx, s.name)
}

// essence leaves out what the server adds and how a single filter is written.
func essence(config jetstream.ConsumerConfig) jetstream.ConsumerConfig {
	config.FilterSubject, config.FilterSubjects = "", filtersOf(config)
	config.Metadata = map[string]string{metaKit: config.Metadata[metaKit]}
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
