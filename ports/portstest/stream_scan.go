package portstest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// StreamReaderParts are an event stream, what reads it and what sends events again to it.
type StreamReaderParts struct {
	EventStreamParts
	Reader   ports.StreamReader
	Replayer ports.EventReplayer
}

// StreamReader is the contract of reading what the stream holds. Open returns an empty one.
func StreamReader(t *testing.T, open func(t *testing.T) StreamReaderParts) {
	t.Helper()
	check(t, func(t *testing.T) *reader {
		parts := open(t)
		return &reader{stream: &stream{EventStreamParts: parts.EventStreamParts}, parts: parts}
	}, readerContracts)
}

type reader struct {
	*stream
	parts StreamReaderParts
}

var readerContracts = []contract[*reader]{
	{"every event is handed over once, in order, by its marks", scanAll},
	{"an empty stream has nothing to hand over", scanEmpty},
	{"what was stored before an instant is left out", scanSince},
	{"what was sent again is left out", scanNoReplays},
	{"what WeChat pushed has no user", scanPushed},
	{"an error of whoever is handed the events ends it", scanEnds},
}

func (r *reader) scan(t *testing.T, ctx context.Context, since time.Time) (events []ports.StoredEvent) {
	t.Helper()
	err := r.parts.Reader.Scan(ctx, since, func(event ports.StoredEvent) error {
		events = append(events, event)
		return nil
	})
	if err != nil {
		t.Fatalf("scan: %v", err)
	}
	return events
}

// marksOf are those of events stored one behind the other.
func marksOf(first uint64, events ...ports.OutboxEvent) (marks []ports.StoredEvent) {
	for i, event := range events {
		marks = append(marks, ports.StoredEvent{
			Sequence: first + uint64(i), Event: event.Message.ID, UserID: event.UserID, Version: event.UserVersion,
		})
	}
	return marks
}

func (r *reader) wantScan(t *testing.T, ctx context.Context, since time.Time, want []ports.StoredEvent) {
	t.Helper()
	if diff := diff(want, r.scan(t, ctx, since)); diff != "" {
		t.Errorf("scanned events differ (-want +got):\n%s", diff)
	}
}

func scanAll(t *testing.T, ctx context.Context, r *reader) {
	events := r.next(t, 1203)
	r.publish(t, ctx, ports.StreamPosition{}, events...)
	r.wantScan(t, ctx, time.Time{}, marksOf(1, events...))
}

func scanEmpty(t *testing.T, ctx context.Context, r *reader) {
	r.wantScan(t, ctx, time.Time{}, nil)
}

func scanSince(t *testing.T, ctx context.Context, r *reader) {
	events := r.next(t, 6)
	first := r.publish(t, ctx, ports.StreamPosition{}, events[:4]...)
	between := time.Now()
	eventually(t, ctx, "the clock goes on", func() bool { return time.Since(between) > time.Millisecond })
	between = between.Add(time.Millisecond)
	r.publish(t, ctx, first, events[4:]...)
	r.wantScan(t, ctx, between, marksOf(5, events[4:]...))
	r.wantScan(t, ctx, time.Now().Add(time.Hour), nil)
}

func scanNoReplays(t *testing.T, ctx context.Context, r *reader) {
	events := r.next(t, 4)
	r.publish(t, ctx, ports.StreamPosition{}, events[:3]...)
	if err := r.parts.Replayer.Replay(ctx, ports.StreamPosition{}, ports.Replay{ID: newID()}, events[:3]); err != nil {
		t.Fatalf("replay: %v", err)
	}
	end := r.publish(t, ctx, ports.StreamPosition{}, events[3:]...)
	r.wantScan(t, ctx, time.Time{}, append(marksOf(1, events[:3]...), marksOf(end.Sequence, events[3])...))
}

func scanPushed(t *testing.T, ctx context.Context, r *reader) {
	event := r.next(t, 1)[0]
	event.Type, event.Subject = "menjin.wechat.user_info_modified.v1", "menjin.wechat.user_info_modified"
	event.UserID = domain.UserID{ID: event.Message.ID.ID}
	r.publish(t, ctx, ports.StreamPosition{}, event)
	want := marksOf(1, event)
	want[0].UserID = domain.UserID{}
	r.wantScan(t, ctx, time.Time{}, want)
}

func scanEnds(t *testing.T, ctx context.Context, r *reader) {
	r.publish(t, ctx, ports.StreamPosition{}, r.next(t, 3)...)
	enough, seen := errors.New("enough"), 0
	err := r.parts.Reader.Scan(ctx, time.Time{}, func(ports.StoredEvent) error {
		seen++
		return enough
	})
	if !errors.Is(err, enough) || seen != 1 {
		t.Errorf("got error %v after %d events, want the error of the first", err, seen)
	}
}
