package natsbus

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"
)

// erase overwrites those messages below a subject, from a sequence on, that a test holds for, which is shown the headers alone.
// It returns the sequence from which to go on, also with an error.
func erase(
	ctx context.Context, stream jetstream.Stream, subject string, from uint64, goes func(jetstream.Msg) bool,
) (next uint64, err error) {
	next = from
	err = walk(ctx, stream, jetstream.ConsumerConfig{
		FilterSubject: subject, DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: from,
	}, func(message jetstream.Msg, sequence uint64) error {
		if goes(message) {
			if err := overwrite(ctx, stream, sequence); err != nil {
				return err
			}
		}
		next = sequence + 1
		return nil
	})
	if err != nil {
		return next, fmt.Errorf("look through %s: %w", subject, err)
	}
	return next, nil
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
