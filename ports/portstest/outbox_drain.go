package portstest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

var drainContracts = []contract[*store]{
	{"an empty outbox calls no publisher", drainNothing},
	{"events come by rising id, at most the limit at once", drainInOrder},
	{"as long as events are left it says that there may be more, held ones among them or not", drainMore},
	{"events that were published come no more", drainOnce},
	{"events whose publishing failed come again", drainFailed},
	{"events come again when the context ends while they are published", drainCancelled},
	{"publishing has a deadline", drainDeadline},
	{"a publisher is told the position recorded before", drainRecorded},
	{"a delayed shard is left alone", delayed},
	{"a delay ends", delayEnds},
	{"a delay may be cut short", delayCut},
	{"a delay by a clock that was ahead is over", delayAhead},
}

func drainNothing(t *testing.T, ctx context.Context, s *store) {
	drained, err := s.Queue.Drain(ctx, 10, func(context.Context, ports.StreamPosition, []ports.OutboxEvent) (ports.StreamPosition, error) {
		t.Error("publish was called, want no call")
		return ports.StreamPosition{}, nil
	})
	if err != nil || drained.Events != 0 || drained.Busy {
		t.Errorf("drain: got %+v, error %v, want nothing done", drained, err)
	}
}

func drainInOrder(t *testing.T, ctx context.Context, s *store) {
	var want []domain.EventID
	for range 5 {
		_, event := s.register(t, ctx)
		want = append(want, event.ID)
	}
	var got []domain.EventID
	for _, events := range []int{2, 2, 1, 0} {
		drained, err := s.Queue.Drain(ctx, 2, s.accept(func(e ports.OutboxEvent) { got = append(got, e.Message.ID) }))
		if err != nil || drained.Events != events || drained.Busy {
			t.Fatalf("drain: got %+v, error %v, want %d events", drained, err, events)
		}
	}
	if diff := diff(want, got); diff != "" {
		t.Errorf("order differs (-want +got):\n%s", diff)
	}
}

// drainMore goes on for as long as it is told to. Of what lies first in the outbox, all but the last is held.
func drainMore(t *testing.T, ctx context.Context, s *store) {
	const limit = 3
	sick, poison := s.register(t, ctx)
	s.bury(t, ctx, poison)
	for range limit - 1 {
		s.changed(t, ctx, sick.ID())
	}
	var want, got []domain.EventID
	for range 2*limit - 1 {
		_, event := s.register(t, ctx)
		want = append(want, event.ID)
	}
	for more := true; more; {
		drained, err := s.Queue.Drain(ctx, limit, s.accept(func(e ports.OutboxEvent) { got = append(got, e.Message.ID) }))
		if err != nil {
			t.Fatalf("drain: %v", err)
		}
		more = drained.Full || drained.More
	}
	if diff := diff(want, got); diff != "" {
		t.Errorf("events published while there may be more differ (-want +got):\n%s", diff)
	}
}

func drainOnce(t *testing.T, ctx context.Context, s *store) {
	user, first := s.register(t, ctx)
	s.wantDrained(t, ctx, first)
	s.wantDrained(t, ctx)
	s.wantDrained(t, ctx, s.changed(t, ctx, user.ID()))
}

var errPublish = errors.New("the stream does not answer")

func drainFailed(t *testing.T, ctx context.Context, s *store) {
	user, first := s.register(t, ctx)
	second := s.changed(t, ctx, user.ID())
	for range 3 {
		drained, err := s.Queue.Drain(ctx, 1, func(context.Context, ports.StreamPosition, []ports.OutboxEvent) (ports.StreamPosition, error) {
			return ports.StreamPosition{Stream: sampleStream, Sequence: 99}, errPublish
		})
		if !errors.Is(err, errPublish) || drained.Events != 1 {
			t.Errorf("drain: got %+v, error %v, want 1 event and %v", drained, err, errPublish)
		}
	}
	if position, err := s.Ledger.Position(ctx); err != nil || position != (ports.StreamPosition{}) {
		t.Errorf("position: got %+v, error %v, want none", position, err)
	}
	s.wantDrained(t, ctx, first, second)
}

func drainCancelled(t *testing.T, ctx context.Context, s *store) {
	_, event := s.register(t, ctx)
	ending, cancel := context.WithCancel(ctx)
	defer cancel()
	_, err := s.Queue.Drain(ending, 10, func(ctx context.Context, _ ports.StreamPosition, _ []ports.OutboxEvent) (ports.StreamPosition, error) {
		cancel()
		<-ctx.Done()
		return ports.StreamPosition{}, ctx.Err()
	})
	if err == nil {
		t.Error("drain: got no error, want one")
	}
	if _, err := s.Queue.Drain(ending, 10, s.accept(func(ports.OutboxEvent) {})); err == nil {
		t.Error("drain with an ended context: got no error, want one")
	}
	s.wantDrained(t, ctx, event)
}

func drainDeadline(t *testing.T, ctx context.Context, s *store) {
	s.register(t, ctx)
	_, err := s.Queue.Drain(context.WithoutCancel(ctx), 10, func(ctx context.Context, recorded ports.StreamPosition, events []ports.OutboxEvent) (ports.StreamPosition, error) {
		if deadline, ok := ctx.Deadline(); !ok || !deadline.After(time.Now()) {
			t.Errorf("deadline: got %v, %v, want one to come", deadline, ok)
		}
		return s.accept(func(ports.OutboxEvent) {})(ctx, recorded, events)
	})
	if err != nil {
		t.Errorf("drain: %v", err)
	}
}

func drainRecorded(t *testing.T, ctx context.Context, s *store) {
	want := ports.StreamPosition{}
	for sequence := range uint64(3) {
		s.register(t, ctx)
		next := ports.StreamPosition{Stream: sampleStream, Sequence: sequence + 10}
		_, err := s.Queue.Drain(ctx, 10, func(_ context.Context, recorded ports.StreamPosition, _ []ports.OutboxEvent) (ports.StreamPosition, error) {
			if recorded != want {
				t.Errorf("recorded position: got %+v, want %+v", recorded, want)
			}
			return next, nil
		})
		if err != nil {
			t.Fatalf("drain: %v", err)
		}
		want = next
	}
}
