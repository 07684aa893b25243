package portstest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// EventStreamParts are an event stream and the other end of it.
type EventStreamParts struct {
	Stream ports.EventStream
	// Stored returns the ids of the events that the stream holds, in its order.
	Stored func(t *testing.T) []domain.EventID
	// Spoil makes of a message one that the stream will never store, say by a subject it does not carry.
	Spoil func(message *ports.Message)
}

// EventStream is the contract of the stream the relay publishes to. Open returns an empty one.
func EventStream(t *testing.T, open func(t *testing.T) EventStreamParts) {
	t.Helper()
	check(t, func(t *testing.T) *stream { return &stream{EventStreamParts: open(t)} }, streamContracts)
}

// stream is the stream under test and the last id the outbox gave.
type stream struct {
	EventStreamParts
	last int64
}

var streamContracts = []contract[*stream]{
	{"messages are stored in order, and the position is that of the last", streamOrder},
	{"a message sent again is stored once", streamOnce},
	{"an empty stream ends before the first event", streamEmpty},
	{"the event at a sequence is found, or the nearest below", streamEventAt},
	{"nothing is sent after the deadline", streamDeadline},
	{"a message the stream will never store is rejected, the others are not", streamRejected},
	{"a position of another stream is told", streamRecreated},
	{"a stream that lost what it had acknowledged is told", streamRewound},
	{"positions behind the end and messages known are no loss", streamIntact},
}

// next makes as many messages as the outbox would hand over, of two users in turn.
func (s *stream) next(t *testing.T, count int) []ports.OutboxEvent {
	t.Helper()
	users := [2]*domain.User{}
	var events []ports.OutboxEvent
	for i := range count {
		var event domain.Event
		if user := users[i%2]; user == nil {
			users[i%2], event = newUser(t)
		} else {
			event = user.EndAllSessions(domain.SessionID{}, domain.EndedByLogoutAll, stamp())
		}
		message, err := sampleCodec{}.Encode(event)
		if err != nil {
			t.Fatalf("encode: %v", err)
		}
		s.last++
		events = append(events, ports.OutboxEvent{ID: s.last, Message: message})
	}
	return events
}

func (s *stream) publish(t *testing.T, ctx context.Context, recorded ports.StreamPosition, events ...ports.OutboxEvent) ports.StreamPosition {
	t.Helper()
	position, err := s.Stream.Publish(ctx, recorded, events)
	if err != nil {
		t.Fatalf("publish: %v", err)
	}
	return position
}

func (s *stream) tail(t *testing.T, ctx context.Context) ports.StreamPosition {
	t.Helper()
	tail, err := s.Stream.Tail(ctx)
	if err != nil {
		t.Fatalf("tail: %v", err)
	}
	return tail
}

// wantStored checks what the stream holds.
func (s *stream) wantStored(t *testing.T, events ...ports.OutboxEvent) {
	t.Helper()
	var want []domain.EventID
	for _, event := range events {
		want = append(want, event.Message.ID)
	}
	if diff := diff(want, s.Stored(t)); diff != "" {
		t.Errorf("stored events differ (-want +got):\n%s", diff)
	}
}

func streamOrder(t *testing.T, ctx context.Context, s *stream) {
	events := s.next(t, 300)
	first := s.publish(t, ctx, ports.StreamPosition{}, events[:100]...)
	second := s.publish(t, ctx, first, events[100:]...)
	s.wantStored(t, events...)
	if first.Stream == "" || first.Stream != second.Stream || second.Sequence != first.Sequence+200 {
		t.Errorf("positions: got %+v and %+v, want them 200 apart in one stream", first, second)
	}
	if tail := s.tail(t, ctx); tail != second {
		t.Errorf("tail: got %+v, want %+v", tail, second)
	}
}

func streamOnce(t *testing.T, ctx context.Context, s *stream) {
	events := s.next(t, 6)
	want := s.publish(t, ctx, ports.StreamPosition{}, events[:4]...)
	if got := s.publish(t, ctx, ports.StreamPosition{}, events[:4]...); got != want {
		t.Errorf("position the second time: got %+v, want %+v", got, want)
	}
	s.publish(t, ctx, want, events[2:]...)
	s.wantStored(t, events...)
}

func streamEmpty(t *testing.T, ctx context.Context, s *stream) {
	tail := s.tail(t, ctx)
	if tail.Stream == "" || tail.Sequence != 0 {
		t.Errorf("tail: got %+v, want the stream's identity and sequence 0", tail)
	}
	s.wantEventAt(t, ctx, 0, domain.EventID{})
	s.wantEventAt(t, ctx, 1, domain.EventID{})
}

func (s *stream) wantEventAt(t *testing.T, ctx context.Context, sequence uint64, want domain.EventID) {
	t.Helper()
	if got, err := s.Stream.EventAt(ctx, sequence); err != nil || got != want {
		t.Errorf("event at %d: got %v, error %v, want %v", sequence, got, err, want)
	}
}

func streamEventAt(t *testing.T, ctx context.Context, s *stream) {
	events := s.next(t, 3)
	end := s.publish(t, ctx, ports.StreamPosition{}, events...)
	s.wantEventAt(t, ctx, end.Sequence-2, events[0].Message.ID)
	s.wantEventAt(t, ctx, end.Sequence, events[2].Message.ID)
	s.wantEventAt(t, ctx, end.Sequence+5, events[2].Message.ID)
	s.wantEventAt(t, ctx, 0, domain.EventID{})
}

func streamDeadline(t *testing.T, ctx context.Context, s *stream) {
	events := s.next(t, 2)
	late, cancel := context.WithDeadline(ctx, time.Now().Add(-time.Second))
	defer cancel()
	for what, ended := range map[string]context.Context{"a passed deadline": late, "a cancelled context": cancelled(ctx)} {
		if _, err := s.Stream.Publish(ended, ports.StreamPosition{}, events); err == nil {
			t.Errorf("publish with %s: got no error, want one", what)
		}
	}
	// What had been sent would lie before this.
	after := s.next(t, 1)
	s.publish(t, ctx, ports.StreamPosition{}, after...)
	s.wantStored(t, after...)
}

func streamRejected(t *testing.T, ctx context.Context, s *stream) {
	events := s.next(t, 3)
	s.Spoil(&events[1].Message)
	_, err := s.Stream.Publish(ctx, ports.StreamPosition{}, events)
	rejected, ok := errors.AsType[*ports.RejectedError](err)
	if !ok || rejected.Event != events[1].Message.ID || rejected.Reason == "" {
		t.Fatalf("publish: got error %v, want event %v rejected with a reason", err, events[1].Message.ID)
	}
	s.publish(t, ctx, ports.StreamPosition{}, events[0], events[2])
	stored := s.Stored(t)
	if len(stored) != 2 {
		t.Errorf("stored events: got %v, want the other two", stored)
	}
}
