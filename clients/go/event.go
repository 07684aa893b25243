package menjin

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Stream is the name of the stream that the events lie in.
const Stream = "MENJIN_EVENTS"

// Event is something that happened to a user, or that WeChat pushed, with the data of its kind.
type Event[T any] struct {
	// ID is the same each time this event is received, and belongs to no other.
	ID string
	// Type names the kind and its version: menjin.user.registered.v1.
	Type string
	// Source says which installation of Menjin it comes from.
	Source string
	// UserID is whom it is about. It is empty for what WeChat pushed.
	UserID string
	// Sequence numbers the events of one user from 1, rising in the order in which they happened. Who reads only some kinds
	// sees gaps.
	Sequence int64
	// Time is when it happened.
	Time time.Time
	// TraceParent is the W3C trace context of the request that caused it, or empty where that was not recorded. The kit makes no
	// spans; examples/traced shows how a handler goes on with the trace.
	TraceParent string

	// StreamSequence is its place in the stream.
	StreamSequence uint64
	// Delivery counts how often it was handed out, from 1; also when nobody came to look at it.
	Delivery int
	// Replayed tells that it is read again on purpose.
	Replayed bool
	// Late tells that a newer event of the same user was handled before this one.
	Late bool

	Data T
}

// The headers of a CloudEvent in binary mode on NATS, and what an operator's replay adds.
const (
	headerID       = "ce-id"
	headerType     = "ce-type"
	headerSource   = "ce-source"
	headerSubject  = "ce-subject"
	headerTime     = "ce-time"
	headerSequence = "ce-sequence"
	headerTrace    = "traceparent"
	headerReplayed = "ce-replayed"
)

// ErrMalformed is matched by the errors of what is not an event of Menjin.
var ErrMalformed = errors.New("not an event of Menjin")

// Read takes an event from a message's headers and data. The data is not looked into yet: that is Decode's part. It
// returns an error that matches ErrMalformed when a header that every event has is missing or malformed.
func Read(headers map[string][]string, data []byte) (Event[json.RawMessage], error) {
	event := Event[json.RawMessage]{
		ID: first(headers, headerID), Type: first(headers, headerType), Source: first(headers, headerSource),
		UserID: first(headers, headerSubject), TraceParent: first(headers, headerTrace),
		Replayed: first(headers, headerReplayed) == "true", Data: data,
	}
	var timeErr, sequenceErr error
	event.Time, timeErr = time.Parse(time.RFC3339Nano, first(headers, headerTime))
	event.Sequence, sequenceErr = strconv.ParseInt(first(headers, headerSequence), 10, 64)
	switch {
	case event.ID == "" || event.Type == "":
		return event, fmt.Errorf("%w: it has no id or no type", ErrMalformed)
	case timeErr != nil:
		return event, fmt.Errorf("%w: it has no time", ErrMalformed)
	case sequenceErr != nil || event.Sequence < 1:
		return event, fmt.Errorf("%w: it has no sequence", ErrMalformed)
	case event.UserID == "" && strings.HasPrefix(event.Type, userTypes):
		return event, fmt.Errorf("%w: it has no user", ErrMalformed)
	}
	return event, nil
}

func first(headers map[string][]string, name string) string {
	if values := headers[name]; len(values) > 0 {
		return values[0]
	}
	return ""
}

// Decode reads the data of an event. Members that T does not have are passed over. It returns an error that matches
// ErrMalformed when the data is not the JSON that it should be; the error does not quote the data.
func Decode[T any](raw Event[json.RawMessage]) (Event[T], error) {
	event := Event[T]{
		ID: raw.ID, Type: raw.Type, Source: raw.Source, UserID: raw.UserID, Sequence: raw.Sequence, Time: raw.Time,
		TraceParent: raw.TraceParent, StreamSequence: raw.StreamSequence, Delivery: raw.Delivery,
		Replayed: raw.Replayed, Late: raw.Late,
	}
	if err := json.Unmarshal(raw.Data, &event.Data); err != nil {
		return event, fmt.Errorf("%w: the data of a %s is not the JSON it should be", ErrMalformed, raw.Type)
	}
	return event, nil
}
