package portstest

import (
	"context"
	"errors"
	"testing"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// EventReplayerParts are an event stream, the replayer to it, and the other end of both.
type EventReplayerParts struct {
	EventStreamParts
	Replayer ports.EventReplayer
	// Held returns every message of the stream, in its order: those that the relay published, and those sent again.
	Held func(t *testing.T) []ports.Message
	// Hear listens from now on to what is sent beside the stream, and returns a function for as many messages.
	Hear func(t *testing.T) func(t *testing.T, count int) []ports.Message
}

// EventReplayer is the contract of sending events again. Open returns an empty stream.
func EventReplayer(t *testing.T, open func(t *testing.T) EventReplayerParts) {
	t.Helper()
	check(t, func(t *testing.T) *replayer {
		parts := open(t)
		return &replayer{stream: &stream{EventStreamParts: parts.EventStreamParts}, parts: parts}
	}, replayerContracts)
}

type replayer struct {
	*stream
	parts EventReplayerParts
}

var replayerContracts = []contract[*replayer]{
	{"to the stream, events come again in order at their own subjects, and are marked", replayMarks},
	{"to the stream, an event comes once for a replay, and again for another", replayOnce},
	{"to a name, events come in order at its subjects, are marked, and stay out of the stream", replayBeside},
	{"an event that will never be taken is rejected", replayRejected},
	{"a stream that went back is told, and nothing is sent to it", replayRewound},
	{"a stream made anew is told, and nothing is sent to it", replayRecreated},
	{"what goes to a name does not depend on where the stream ends", replayBesideRewound},
	{"what was sent again is no event at a place of the stream", replayNoEvent},
}

func (r *replayer) replay(t *testing.T, ctx context.Context, replay ports.Replay, events ...ports.OutboxEvent) {
	t.Helper()
	if err := r.parts.Replayer.Replay(ctx, ports.StreamPosition{}, replay, events); err != nil {
		t.Fatalf("replay: %v", err)
	}
}

// wantAgain checks messages that were sent again against the events they were made of.
func wantAgain(t *testing.T, got []ports.Message, below string, events ...ports.OutboxEvent) {
	t.Helper()
	if len(got) != len(events) {
		t.Fatalf("got %d messages, want %d", len(got), len(events))
	}
	for i, message := range got {
		want := events[i].Message
		if message.ID != want.ID || message.Subject != below+want.Subject[len("menjin."):] || string(message.Data) != string(want.Data) {
			t.Errorf("message %d: got %s at %s, want %s at %s", i, message.ID, message.Subject, want.ID, below+want.Subject[len("menjin."):])
		}
		if mark := message.Headers[ports.HeaderReplayed]; mark != "true" {
			t.Errorf("message %d: %s is %q, want true", i, ports.HeaderReplayed, mark)
		}
	}
}

func replayMarks(t *testing.T, ctx context.Context, r *replayer) {
	events := r.next(t, 120)
	r.publish(t, ctx, ports.StreamPosition{}, events...)
	r.replay(t, ctx, ports.Replay{ID: newID()}, events[10:]...)
	held := r.parts.Held(t)
	if len(held) != 230 {
		t.Fatalf("got %d messages, want 230", len(held))
	}
	wantAgain(t, held[120:], "menjin.", events[10:]...)
	for i, message := range held[:120] {
		if message.Headers[ports.HeaderReplayed] != "" {
			t.Fatalf("message %d of the relay is marked", i)
		}
	}
}

func replayOnce(t *testing.T, ctx context.Context, r *replayer) {
	events := r.next(t, 4)
	r.publish(t, ctx, ports.StreamPosition{}, events...)
	once, again := ports.Replay{ID: newID()}, ports.Replay{ID: newID()}
	r.replay(t, ctx, once, events[:3]...)
	r.replay(t, ctx, once, events...)
	r.replay(t, ctx, again, events[:2]...)
	wantAgain(t, r.parts.Held(t)[4:], "menjin.", events[0], events[1], events[2], events[3], events[0], events[1])
}

func replayBeside(t *testing.T, ctx context.Context, r *replayer) {
	events := r.next(t, 6)
	end := r.publish(t, ctx, ports.StreamPosition{}, events...)
	heard := r.parts.Hear(t)
	r.replay(t, ctx, ports.Replay{ID: newID(), To: "search-2"}, events...)
	wantAgain(t, heard(t, 6), "menjin.replay.search-2.", events...)
	if tail := r.tail(t, ctx); tail != end {
		t.Errorf("the stream ends at %+v, want %+v as before", tail, end)
	}
}

func replayRejected(t *testing.T, ctx context.Context, r *replayer) {
	events := r.next(t, 3)
	r.Spoil(&events[1].Message)
	err := r.parts.Replayer.Replay(ctx, ports.StreamPosition{}, ports.Replay{ID: newID()}, events)
	rejected, ok := errors.AsType[*ports.RejectedError](err)
	if !ok || rejected.Event != events[1].Message.ID {
		t.Errorf("got error %v, want event %s rejected", err, events[1].Message.ID)
	}
}

// wantRefused checks that a replay finds the stream gone back, and adds nothing to it.
func (r *replayer) wantRefused(t *testing.T, ctx context.Context, recorded, intact ports.StreamPosition, events ...ports.OutboxEvent) {
	t.Helper()
	end := r.tail(t, ctx)
	err := r.parts.Replayer.Replay(ctx, recorded, ports.Replay{ID: newID()}, events)
	if rewound, ok := errors.AsType[*ports.RewoundError](err); !ok || rewound.Intact != intact {
		t.Errorf("replay after %+v: got error %v (%+v), want it rewound to %+v", recorded, err, rewound, intact)
	}
	if got := r.tail(t, ctx); got != end {
		t.Errorf("the stream ends at %+v, want %+v as before", got, end)
	}
}

func replayRewound(t *testing.T, ctx context.Context, r *replayer) {
	events := r.next(t, 4)
	end := r.publish(t, ctx, ports.StreamPosition{}, events...)
	recorded := end
	recorded.Sequence += 2
	r.wantRefused(t, ctx, recorded, end, events...)
	if err := r.parts.Replayer.Replay(ctx, end, ports.Replay{ID: newID()}, events); err != nil {
		t.Errorf("replay after %+v: %v", end, err)
	}
	r.wantRewound(t, ctx, ports.StreamPosition{Stream: end.Stream, Sequence: 100}, r.tail(t, ctx))
}

func replayRecreated(t *testing.T, ctx context.Context, r *replayer) {
	events := r.next(t, 2)
	end := r.publish(t, ctx, ports.StreamPosition{}, events...)
	before := ports.StreamPosition{Stream: "made-before-" + end.Stream, Sequence: 1}
	r.wantRefused(t, ctx, before, ports.StreamPosition{Stream: end.Stream}, events...)
}

func replayBesideRewound(t *testing.T, ctx context.Context, r *replayer) {
	events := r.next(t, 2)
	recorded := r.publish(t, ctx, ports.StreamPosition{}, events...)
	recorded.Sequence += 100
	heard := r.parts.Hear(t)
	if err := r.parts.Replayer.Replay(ctx, recorded, ports.Replay{ID: newID(), To: "search-2"}, events); err != nil {
		t.Fatalf("replay: %v", err)
	}
	wantAgain(t, heard(t, 2), "menjin.replay.search-2.", events...)
}

func replayNoEvent(t *testing.T, ctx context.Context, r *replayer) {
	events := r.next(t, 3)
	r.publish(t, ctx, ports.StreamPosition{}, events[:2]...)
	r.replay(t, ctx, ports.Replay{ID: newID()}, events[:2]...)
	end := r.publish(t, ctx, ports.StreamPosition{}, events[2:]...)
	r.wantEventAt(t, ctx, end.Sequence, events[2].Message.ID)
	for at := end.Sequence - 1; at > 1; at-- {
		r.wantEventAt(t, ctx, at, events[1].Message.ID)
	}
	r.wantEventAt(t, ctx, 1, events[0].Message.ID)
	r.wantEventAt(t, ctx, 0, domain.EventID{})
}
