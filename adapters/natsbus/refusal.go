package natsbus

import (
	"errors"
	"slices"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/menjin-id/menjin/ports"
)

// errCodeForeign is JetStream's answer (err_code) of a stream that takes a message meant for another one.
const errCodeForeign = 10060

const (
	reasonHeaders = "its headers ask for what the stream does not do"
	reasonForeign = "its subject belongs to another stream than " + StreamName
)

// permanent are JetStream's answers (err_code) that lie in the message and that no repetition changes. All others lie in the
// stream, the server or the cluster: one that is full, sealed, away, without a leader or out of resources says nothing about a
// message, and would refuse every other one too. Then events wait until somebody has mended it.
var permanent = map[jetstream.ErrorCode]string{
	10054:          "it is larger than the stream takes",
	10097:          "its headers are larger than the stream takes",
	errCodeForeign: reasonForeign,

	// Headers that ask for a lifetime, a counter, a schedule, a batch, a roll-up, or pretend to be a stream's own.
	10165: reasonHeaders, 10166: reasonHeaders,
	10168: reasonHeaders, 10170: reasonHeaders, 10171: reasonHeaders,
	10188: reasonHeaders, 10189: reasonHeaders, 10190: reasonHeaders, 10191: reasonHeaders, 10192: reasonHeaders,
	10203: reasonHeaders, 10212: reasonHeaders, 10223: reasonHeaders,
	10174: reasonHeaders, 10175: reasonHeaders, 10177: reasonHeaders, 10179: reasonHeaders,
	10205: reasonHeaders, 10206: reasonHeaders, 10207: reasonHeaders,
	10111: reasonHeaders, 10227: reasonHeaders,
}

// classify makes a *ports.RejectedError of what will never succeed and leaves the rest as it is.
func classify(message *ports.Message, err error) error {
	event := message.ID
	switch {
	case errors.Is(err, nats.ErrMaxPayload):
		return &ports.RejectedError{Event: event, Reason: "it is larger than NATS takes"}
	case errors.Is(err, nats.ErrBadSubject), errors.Is(err, nats.ErrInvalidMsg), errors.Is(err, nats.ErrBadHeaderMsg):
		return &ports.RejectedError{Event: event, Reason: "its subject or headers are malformed"}
	}
	if answer, ok := errors.AsType[*jetstream.APIError](err); ok {
		if reason, found := permanent[answer.ErrorCode]; found && !usurped(message.Subject, answer.ErrorCode) {
			return &ports.RejectedError{Event: event, Reason: reason}
		}
	}
	return err
}

// usurped reports whether another stream answers for a subject that is the events' own: theirs was deleted, or made without
// it, and somebody has given it to that stream. That lies in the streams, however often it is tried, until an operator has mended it.
func usurped(subject string, code jetstream.ErrorCode) bool {
	return code == errCodeForeign && slices.ContainsFunc(streamSubjects(), func(own string) bool { return covers(own, subject) })
}
