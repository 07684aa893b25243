package natsbus

import (
	"context"
	"errors"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// maxSteps is how many messages that are no events of the outbox EventAt looks past before it gives up.
const maxSteps = 1000

// Tail returns the last sequence the stream gave out, also when that message was deleted since.
func (b *Bus) Tail(ctx context.Context) (ports.StreamPosition, error) {
	var tail ports.StreamPosition
	err := b.ask(ctx, "read the stream's end", func(ctx context.Context, l *link) error {
		stream, err := l.openStream(ctx)
		if err == nil {
			tail = l.position(stream.CachedInfo().State.LastSeq)
		}
		return err
	})
	return tail, err
}

// EventAt takes a message without an event's id for none. It gives up, and returns zero, when there are very many of them:
// whoever asks then takes every event for lost, which is slower and right too. Messages that are gone, however many, cost a
// few questions.
func (b *Bus) EventAt(ctx context.Context, sequence uint64) (domain.EventID, error) {
	var found domain.EventID
	err := b.ask(ctx, "read an event of the stream", func(ctx context.Context, l *link) error {
		stream, err := l.openStream(ctx)
		if err != nil {
			return err
		}
		state := stream.CachedInfo().State
		at := min(sequence, state.LastSeq)
		for range maxSteps {
			message, err := lastUpTo(ctx, stream, max(state.FirstSeq, 1), at)
			if err != nil || message == nil {
				return err
			}
			if found, err = domain.ParseEventID(message.Header.Get(jetstream.MsgIDHeader)); err == nil {
				return nil
			}
			at = message.Sequence - 1
		}
		return nil
	})
	return found, err
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

// ask bounds a question to the stream. A connection that did not answer it is thrown away.
func (b *Bus) ask(ctx context.Context, what string, question func(ctx context.Context, l *link) error) error {
	l, err := b.connected(ctx)
	if err != nil {
		return err
	}
	bounded, cancel := context.WithTimeout(ctx, b.options.AckTimeout)
	defer cancel()
	if err := question(bounded, l); err != nil {
		if ctx.Err() == nil { // a caller that gave up says nothing of the connection
			b.publisher.drop(l)
		}
		return unavailable(what, err)
	}
	return nil
}
