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

// EventAt takes a message without an event's id, and one that is gone, for none. It gives up, and returns zero, when there
// are very many of them: whoever asks then takes every event for lost, which is slower and right too.
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
			if at == 0 || at < state.FirstSeq {
				return nil
			}
			if found, err = eventAt(ctx, stream, at); err != nil || !found.IsZero() {
				return err
			}
			at--
		}
		return nil
	})
	return found, err
}

func eventAt(ctx context.Context, stream jetstream.Stream, sequence uint64) (domain.EventID, error) {
	message, err := stream.GetMsg(ctx, sequence)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return domain.EventID{}, nil
	}
	if err != nil {
		return domain.EventID{}, err
	}
	id, err := domain.ParseEventID(message.Header.Get(jetstream.MsgIDHeader))
	if err != nil {
		return domain.EventID{}, nil
	}
	return id, nil
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
