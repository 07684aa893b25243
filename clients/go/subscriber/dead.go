package subscriber

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	deadWindow = 2 * time.Hour // in which an event is buried once
	// When there are so many, no event is given up any more, and each waits for somebody to look.
	deadLetters = 100_000
	deadAge     = 90 * 24 * time.Hour
)

// Codes of the server that the client has no names for.
const (
	errMirror  jetstream.ErrorCode = 10034
	errInvalid jetstream.ErrorCode = 10052
	errOverlap jetstream.ErrorCode = 10065
)

func (s *Subscriber) deadPrefix() string { return "menjin_dead." + s.name + "." }

// ensureDead makes the dead-letter stream. One that exists is left as it is but for its subjects: how long letters are kept is
// the operator's affair.
func (s *Subscriber) ensureDead(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, requestWait)
	defer cancel()
	stream, err := s.js.Stream(ctx, s.options.DeadStream)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		stream, err = s.createDead(ctx)
	}
	for err == nil && !s.takesLetters(stream) { // others that share the stream may add theirs at the same time
		config := stream.CachedInfo().Config
		config.Subjects = widest(append(config.Subjects, s.deadPrefix()+">"))
		if _, err = s.js.UpdateStream(ctx, config); err == nil {
			stream, err = s.js.Stream(ctx, s.options.DeadStream)
		}
	}
	if isRefusal(err) {
		err = fmt.Errorf("%w: %w", ErrNoDeadLetters, err)
	}
	if err != nil {
		return fmt.Errorf("ensure dead-letter stream %s: %w", s.options.DeadStream, err)
	}
	return nil
}

func (s *Subscriber) createDead(ctx context.Context) (jetstream.Stream, error) {
	stream, err := s.js.CreateStream(ctx, jetstream.StreamConfig{
		Name: s.options.DeadStream, Description: "Events that " + s.name + " gave up",
		Subjects: []string{s.deadPrefix() + ">"}, Storage: jetstream.FileStorage, Duplicates: deadWindow,
		MaxAge: deadAge, MaxMsgs: deadLetters, Discard: jetstream.DiscardNew, // no letter makes room for another
	})
	if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) { // another replica was quicker
		return s.js.Stream(ctx, s.options.DeadStream)
	}
	return stream, err
}

func (s *Subscriber) takesLetters(stream jetstream.Stream) bool {
	return slices.ContainsFunc(stream.CachedInfo().Config.Subjects, func(subject string) bool {
		return covers(subject, s.deadPrefix()+">")
	})
}

// isRefusal tells whether the server will say no again: a mirror has no subjects, another stream has ours, or they do not go with
// those that are there.
func isRefusal(err error) bool {
	refused, ok := errors.AsType[jetstream.JetStreamError](err)
	return ok && refused.APIError() != nil &&
		slices.Contains([]jetstream.ErrorCode{errMirror, errOverlap, errInvalid}, refused.APIError().ErrorCode)
}
