// Package careless publishes without one of the guards that the relay and its adapters have, to show what each guard is for.
// Nothing of it can be reached from the service: the guards there have no switch. Where a guard is a message's property or a
// step of the relay, it is taken from the real adapter by a wrapper; where it is the connection's, a plain publisher stands in.
package careless

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// Mode names the guard that is left out.
type Mode string

// The modes.
const (
	Careful   Mode = ""           // none is
	MessageID Mode = "message-id" // each attempt sends an event under another id
	Buffer    Mode = "buffer"     // the connection reconnects by itself, and keeps what is sent meanwhile
	Reconcile Mode = "reconcile"  // nobody looks whether the stream has lost what it had acknowledged
)

// Modes lists what can be left out.
func Modes() []string { return []string{string(MessageID), string(Buffer), string(Reconcile)} }

// Check returns an error for a name that is no mode.
func Check(mode Mode) error {
	if mode != Careful && !slices.Contains(Modes(), string(mode)) {
		return fmt.Errorf("%q is no guard; there are %s", mode, strings.Join(Modes(), ", "))
	}
	return nil
}

// Stream makes the real stream careless. end closes what that took.
func Stream(mode Mode, real ports.EventStream, url string) (stream ports.EventStream, end func(), err error) {
	end = func() {}
	switch mode {
	case Careful:
		return real, end, nil
	case MessageID:
		return renamed{real}, end, nil
	case Reconcile:
		return blind{real}, end, nil
	case Buffer:
		publisher := NewPublisher(url, Options{Buffer: true})
		return piped{real, publisher}, publisher.Close, nil
	default:
		return nil, nil, Check(mode)
	}
}

// renamed gives each attempt to publish an event an id of its own, so that the stream cannot know a repeated one.
type renamed struct{ ports.EventStream }

// Publish is ports.EventStream's.
func (s renamed) Publish(
	ctx context.Context, recorded ports.StreamPosition, events []ports.OutboxEvent,
) (ports.StreamPosition, error) {
	events = slices.Clone(events)
	for i := range events {
		events[i].Message.ID = domain.EventID{ID: domain.ID(uuid.New())}
	}
	return s.EventStream.Publish(ctx, recorded, events)
}

// blind takes the stream for what it was: the position that was recorded is compared with nothing.
type blind struct{ ports.EventStream }

// Publish is ports.EventStream's.
func (s blind) Publish(
	ctx context.Context, _ ports.StreamPosition, events []ports.OutboxEvent,
) (ports.StreamPosition, error) {
	_, err := s.EventStream.Publish(ctx, ports.StreamPosition{}, events)
	return unchanged, err
}

// Tail is ports.EventStream's.
func (s blind) Tail(context.Context) (ports.StreamPosition, error) { return unchanged, nil }

// unchanged is where any stream is for who does not look.
var unchanged = ports.StreamPosition{Stream: "as it was"}

// piped publishes past the real stream, which answers everything else.
type piped struct {
	ports.EventStream
	publisher *Publisher
}

// Publish is ports.EventStream's.
func (s piped) Publish(
	ctx context.Context, recorded ports.StreamPosition, events []ports.OutboxEvent,
) (ports.StreamPosition, error) {
	if recorded.Stream == "" { // the first time: the real one makes the stream
		tail, err := s.Tail(ctx)
		if err != nil {
			return recorded, err
		}
		recorded.Stream = tail.Stream
	}
	last, err := s.publisher.Publish(ctx, events)
	return ports.StreamPosition{Stream: recorded.Stream, Sequence: last}, err
}
