package natsbus

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

const (
	firstStretch   = walkChunk
	longestStretch = firstStretch << 9
	eventPatience  = 4 // times as long as for another question, because it may have to search long
)

// Tail returns the last sequence the stream gave out, also when that message was deleted since.
func (b *Bus) Tail(ctx context.Context) (ports.StreamPosition, error) {
	var tail ports.StreamPosition
	err := b.ask(ctx, "read the stream's end", 1, func(ctx context.Context, l *link) error {
		stream, err := l.openStream(ctx)
		if err == nil {
			tail = l.position(stream.CachedInfo().State.LastSeq)
		}
		return err
	})
	return tail, err
}

// EventAt takes what was sent again, and messages without an event's id, for none. It gives up, and returns zero, when about half
// a million of them lie behind the last event, or fewer that take too long to read: whoever asks then takes every event for
// lost, which is slower and right too. Messages that are gone, however many, cost a few questions.
func (b *Bus) EventAt(ctx context.Context, sequence uint64) (domain.EventID, error) {
	var found domain.EventID
	err := b.ask(ctx, "read an event of the stream", 2*eventPatience, func(ctx context.Context, l *link) error {
		stream, err := l.openStream(ctx)
		if err != nil {
			return err
		}
		state := stream.CachedInfo().State
		first := max(state.FirstSeq, 1)
		message, err := lastUpTo(ctx, stream, first, min(sequence, state.LastSeq))
		if err != nil || message == nil {
			return err
		}
		if event, ok := original(message.Header); ok {
			found = event
			return nil
		}
		reading, cancel := context.WithTimeout(ctx, b.options.readTimeout)
		defer cancel()
		found, err = lastOriginal(reading, stream, first, message.Sequence)
		if reading.Err() != nil && ctx.Err() == nil {
			return nil // the connection is not at fault, and would be no quicker next time
		}
		return err
	})
	return found, err
}

// lastOriginal reads the headers below a sequence in stretches that grow, each in its order and the last one first.
func lastOriginal(ctx context.Context, stream jetstream.Stream, first, at uint64) (found domain.EventID, err error) {
	for stretch := uint64(firstStretch); at >= first && stretch <= longestStretch; stretch *= 2 {
		from := first
		if at-first >= stretch {
			from = at - stretch + 1
		}
		which := jetstream.ConsumerConfig{DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: from}
		err := walk(ctx, stream, which, func(message jetstream.Msg, sequence uint64) error {
			if sequence > at {
				return errEnough
			}
			if event, ok := original(message.Headers()); ok {
				found = event
			}
			if sequence == at {
				return errEnough
			}
			return nil
		})
		if err != nil || !found.IsZero() {
			return found, err
		}
		at = from - 1
	}
	return found, nil
}

// lastUpTo returns the last message at or below a sequence, nil when there is none. The server tells only what comes next, so
// that the search goes back in ever longer steps and then halves what is left.
func lastUpTo(ctx context.Context, stream jetstream.Stream, first, at uint64) (*jetstream.RawStreamMsg, error) {
	var found *jetstream.RawStreamMsg
	for step := uint64(1); found == nil; step *= 2 {
		if at < first {
			return nil, nil
		}
		from := first
		if at-first >= step {
			from = at - step + 1
		}
		next, err := nextFrom(ctx, stream, from)
		if err != nil {
			return nil, err
		}
		if next != nil && next.Sequence <= at {
			found = next
		} else if from == first {
			return nil, nil
		}
	}
	for end := at; found.Sequence < end; {
		middle := found.Sequence + (end-found.Sequence+1)/2
		next, err := nextFrom(ctx, stream, middle)
		if err != nil {
			return nil, err
		}
		if next != nil && next.Sequence <= end {
			found = next
		} else {
			end = middle - 1
		}
	}
	return found, nil
}

// nextFrom returns the message at a sequence, or the next one after it; nil when there is none.
func nextFrom(ctx context.Context, stream jetstream.Stream, sequence uint64) (*jetstream.RawStreamMsg, error) {
	message, err := stream.GetMsg(ctx, sequence, jetstream.WithGetMsgSubject(">"))
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return nil, nil
	}
	return message, err
}

// ask bounds a question to the stream, to so many times of what an acknowledgement may take. A connection that did not answer
// it is thrown away.
func (b *Bus) ask(ctx context.Context, what string, times time.Duration, question func(ctx context.Context, l *link) error) error {
	l, err := b.connected(ctx, &b.publisher)
	if err != nil {
		return err
	}
	bounded, cancel := context.WithTimeout(ctx, times*b.options.AckTimeout)
	defer cancel()
	if err := question(bounded, l); err != nil {
		if ctx.Err() == nil { // a caller that gave up says nothing of the connection
			b.publisher.drop(l)
		}
		return unavailable(what, err)
	}
	return nil
}
