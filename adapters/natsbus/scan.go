package natsbus

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

var _ ports.StreamReader = (*Bus)(nil)

// maxStalls is how often in a row a Scan may be cut off without having come further.
const maxStalls = 5

// Scan reads headers alone, and goes on where it was when a connection is lost on the way. It asks for nothing that a subscriber
// may not ask for. It returns domain.ErrUnavailable when NATS cannot be reached, has no stream yet, or has another one in the
// end than it had at the beginning.
func (b *Bus) Scan(ctx context.Context, since time.Time, each func(ports.StoredEvent) error) error {
	stream, err := b.look(ctx)
	if err != nil {
		return unavailable("read the stream", err)
	}
	s := scan{from: since, stream: identity(stream.CachedInfo()), end: stream.CachedInfo().State.LastSeq, each: each}
	for stalls := 0; ; {
		before := s.last
		err := s.on(ctx, stream)
		if err == nil || s.refused != nil {
			return s.refused
		}
		if stalls++; s.last > before {
			stalls = 0
		}
		if ctx.Err() != nil || stalls == maxStalls {
			return unavailable("read the stream", err)
		}
		if stream, err = b.again(ctx, s.stream); err != nil {
			return unavailable("read the stream", err)
		}
	}
}

func (b *Bus) look(ctx context.Context) (jetstream.Stream, error) {
	ctx, cancel := context.WithTimeout(ctx, b.options.AckTimeout)
	defer cancel()
	return b.events.Stream(ctx, StreamName)
}

// again waits a moment before it looks: what was cut off would mostly be cut off again.
func (b *Bus) again(ctx context.Context, identified string) (jetstream.Stream, error) {
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(followRetry):
	}
	stream, err := b.look(ctx)
	if err == nil && identity(stream.CachedInfo()) != identified {
		err = errors.New("the stream was made anew")
	}
	return stream, err
}

// scan is one Scan, however often it is cut off.
type scan struct {
	from    time.Time
	stream  string
	end     uint64
	each    func(ports.StoredEvent) error
	last    uint64 // the sequence taken last
	refused error  // each's
}

func (s *scan) on(ctx context.Context, stream jetstream.Stream) error {
	if s.last >= s.end {
		return nil
	}
	which := jetstream.ConsumerConfig{DeliverPolicy: jetstream.DeliverAllPolicy}
	switch {
	case s.last > 0:
		which.DeliverPolicy, which.OptStartSeq = jetstream.DeliverByStartSequencePolicy, s.last+1
	case !s.from.IsZero():
		which.DeliverPolicy, which.OptStartTime = jetstream.DeliverByStartTimePolicy, &s.from
	}
	return walk(ctx, stream, which, s.take)
}

func (s *scan) take(message jetstream.Msg, sequence uint64) error {
	if sequence > s.end {
		return errEnough
	}
	if event, ok := original(message.Headers()); ok {
		s.refused = s.each(marks(event, sequence, message.Headers()))
		if s.refused != nil {
			return fmt.Errorf("hand over sequence %d: %w", sequence, s.refused)
		}
	}
	s.last = sequence
	return nil
}

// original returns the id of an event that the relay published; what was sent again, or is no event, is none.
func original(header nats.Header) (domain.EventID, bool) {
	if header.Get(ports.HeaderReplayed) != "" {
		return domain.EventID{}, false
	}
	id, err := domain.ParseEventID(header.Get(jetstream.MsgIDHeader))
	return id, err == nil
}

func marks(event domain.EventID, sequence uint64, header nats.Header) ports.StoredEvent {
	stored := ports.StoredEvent{Sequence: sequence, Event: event}
	if user, err := domain.ParseUserID(header.Get(headerSubject)); err == nil {
		stored.UserID = user
	}
	if version, err := strconv.ParseInt(header.Get(headerSequence), 10, 64); err == nil {
		stored.Version = version
	}
	return stored
}
