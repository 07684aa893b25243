package portstest

import (
	"context"
	"errors"
	"testing"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// StreamEraserParts are an event stream and what forgets messages of it.
type StreamEraserParts struct {
	EventStreamParts // Spoil may be nil
	Eraser           ports.StreamEraser
}

// StreamEraser is the contract of forgetting the messages of a user. Open returns an empty stream.
func StreamEraser(t *testing.T, open func(t *testing.T) StreamEraserParts) {
	t.Helper()
	check(t, func(t *testing.T) *erased {
		parts := open(t)
		return &erased{stream: &stream{EventStreamParts: parts.EventStreamParts}, eraser: parts.Eraser}
	}, purgeContracts)
}

// erased is the stream under test and what forgets messages of it.
type erased struct {
	*stream
	eraser ports.StreamEraser
}

var purgeContracts = []contract[*erased]{
	{"a user's messages go, all but the one of the deletion, and nobody else's", purgedUser},
	{"purging again, or somebody unknown, changes nothing", purgedAgain},
	{"a purged stream ends where it did and finds the events that stayed", purgedPlaces},
	{"a purged message that is sent again stays away", purgedResent},
	{"a purged stream takes more, and what it lost is told from what was purged", purgedGoesOn},
	{"a purge with a cancelled context is an error", func(t *testing.T, ctx context.Context, e *erased) {
		events := e.next(t, 2)
		e.publish(t, ctx, ports.StreamPosition{}, events...)
		if err := e.eraser.Purge(cancelled(ctx), events[0].UserID); err == nil {
			t.Error("got no error, want one")
		}
		e.wantStored(t, events...)
	}},
}

// lifetime makes the messages of a user from registration to deletion.
func (e *erased) lifetime(t *testing.T) (domain.UserID, []ports.OutboxEvent) {
	t.Helper()
	user, registered := newUser(t)
	events := append([]domain.Event{
		registered, user.EndAllSessions(domain.SessionID{}, domain.EndedByLogoutAll, stamp()), user.BindPhone(newPhone(t), stamp())[0],
	}, user.Delete(stamp(), stamp())...)
	messages := make([]ports.OutboxEvent, len(events))
	for i, event := range events {
		message, err := sampleCodec{}.Encode(event)
		if err != nil {
			t.Fatalf("encode: %v", err)
		}
		e.last++
		messages[i] = ports.OutboxEvent{ID: e.last, Message: message}
	}
	return user.ID(), messages
}

func (e *erased) purge(t *testing.T, ctx context.Context, user domain.UserID) {
	t.Helper()
	if err := e.eraser.Purge(ctx, user); err != nil {
		t.Fatalf("purge: %v", err)
	}
}

func (e *erased) pushed(t *testing.T, about domain.UserID) ports.OutboxEvent {
	t.Helper()
	message, err := sampleCodec{}.Encode(pushedAbout(about))
	if err != nil {
		t.Fatalf("encode: %v", err)
	}
	e.last++
	return ports.OutboxEvent{ID: e.last, Message: message}
}

func purgedUser(t *testing.T, ctx context.Context, e *erased) {
	user, gone := e.lifetime(t)
	_, others := e.lifetime(t) // deleted too, and not purged yet
	before, after, pushed := e.next(t, 3), e.next(t, 2), e.pushed(t, newUserID())
	e.publish(t, ctx, ports.StreamPosition{}, before...)
	e.publish(t, ctx, ports.StreamPosition{}, e.pushed(t, user))
	e.publish(t, ctx, ports.StreamPosition{}, gone...)
	e.publish(t, ctx, ports.StreamPosition{}, pushed, e.pushed(t, user))
	e.publish(t, ctx, ports.StreamPosition{}, others...)
	e.publish(t, ctx, ports.StreamPosition{}, after...)
	e.purge(t, ctx, user)
	last := gone[len(gone)-1]
	stayed := append(append(append(before, last, pushed), others...), after...)
	e.wantStored(t, stayed...)
}

func purgedAgain(t *testing.T, ctx context.Context, e *erased) {
	e.purge(t, ctx, newUserID()) // of an empty stream
	user, gone := e.lifetime(t)
	stays := e.next(t, 2)
	e.publish(t, ctx, ports.StreamPosition{}, e.pushed(t, user))
	e.publish(t, ctx, ports.StreamPosition{}, gone...)
	e.publish(t, ctx, ports.StreamPosition{}, stays...)
	e.purge(t, ctx, newUserID())
	for range 3 {
		e.purge(t, ctx, user)
		e.wantStored(t, append([]ports.OutboxEvent{gone[len(gone)-1]}, stays...)...)
	}
}

func purgedPlaces(t *testing.T, ctx context.Context, e *erased) {
	stays := e.next(t, 1)[0]
	e.publish(t, ctx, ports.StreamPosition{}, stays)
	user, gone := e.lifetime(t)
	end := e.publish(t, ctx, ports.StreamPosition{}, gone...)
	e.purge(t, ctx, user)
	if tail := e.tail(t, ctx); tail != end {
		t.Errorf("tail: got %+v, want %+v", tail, end)
	}
	e.wantEventAt(t, ctx, end.Sequence, gone[len(gone)-1].Message.ID)
	e.wantEventAt(t, ctx, end.Sequence-1, stays.Message.ID)
	e.wantEventAt(t, ctx, 2, stays.Message.ID)
}

func purgedResent(t *testing.T, ctx context.Context, e *erased) {
	user, gone := e.lifetime(t)
	end := e.publish(t, ctx, ports.StreamPosition{}, gone...)
	e.purge(t, ctx, user)
	// Say by a relay that was stopped with the messages in its hands.
	if got := e.publish(t, ctx, ports.StreamPosition{}, gone...); got != end {
		t.Errorf("position the second time: got %+v, want %+v", got, end)
	}
	e.wantStored(t, gone[len(gone)-1])
}

func purgedGoesOn(t *testing.T, ctx context.Context, e *erased) {
	user, gone := e.lifetime(t)
	end := e.publish(t, ctx, ports.StreamPosition{}, gone...)
	e.purge(t, ctx, user)
	more := e.next(t, 3)
	next := e.publish(t, ctx, end, more...)
	if next.Stream != end.Stream || next.Sequence != end.Sequence+3 {
		t.Errorf("position: got %+v, want 3 after %+v", next, end)
	}
	e.wantStored(t, append([]ports.OutboxEvent{gone[len(gone)-1]}, more...)...)
	ahead := next
	ahead.Sequence += 100
	_, err := e.Stream.Publish(ctx, ahead, e.next(t, 1))
	if rewound, ok := errors.AsType[*ports.RewoundError](err); !ok || rewound.Intact != next {
		t.Errorf("publish beyond the end: got error %v, want the stream rewound to %+v", err, next)
	}
}
