package portstest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

const sampleStream = "sample-stream"

// accept returns a publisher that stores everything, and tells each of what it was given.
func (s *store) accept(each func(ports.OutboxEvent)) ports.Publish {
	return func(_ context.Context, _ ports.StreamPosition, events []ports.OutboxEvent) (ports.StreamPosition, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, event := range events {
			each(event)
		}
		s.sequence += uint64(len(events))
		return ports.StreamPosition{Stream: sampleStream, Sequence: s.sequence}, nil
	}
}

// drainAll publishes everything that waits and returns it.
func (s *store) drainAll(t *testing.T, ctx context.Context) []ports.OutboxEvent {
	t.Helper()
	var all []ports.OutboxEvent
	for {
		drained, err := s.Queue.Drain(ctx, 500, s.accept(func(e ports.OutboxEvent) { all = append(all, e) }))
		if err != nil || drained.Busy {
			t.Fatalf("drain: got %+v, error %v", drained, err)
		}
		if drained.Events == 0 {
			return all
		}
	}
}

// wantDrained publishes everything that waits and checks that it is what the codec made of these events, in this order.
func (s *store) wantDrained(t *testing.T, ctx context.Context, events ...domain.Event) {
	t.Helper()
	var want, got []ports.Message
	for _, event := range events {
		message, err := sampleCodec{}.Encode(event)
		if err != nil {
			t.Fatalf("encode: %v", err)
		}
		want = append(want, message)
	}
	drained := s.drainAll(t, ctx)
	for _, event := range drained {
		got = append(got, event.Message)
		if event.At.Location() != time.UTC {
			t.Errorf("time of event: got %v, want it in UTC", event.At)
		}
	}
	if diff := diff(want, got); diff != "" {
		t.Errorf("published messages differ (-want +got):\n%s", diff)
	}
	if !slices.IsSortedFunc(drained, func(a, b ports.OutboxEvent) int { return int(a.ID - b.ID) }) {
		t.Errorf("ids of published events: got %v, want them rising", outboxIDs(drained))
	}
}

func outboxIDs(events []ports.OutboxEvent) (ids []int64) {
	for _, event := range events {
		ids = append(ids, event.ID)
	}
	return ids
}
