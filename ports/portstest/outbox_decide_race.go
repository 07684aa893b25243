package portstest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

var decisionRaceContracts = []contract[*store]{
	{"a user's events come in order while they are refused, buried and retried", orderedInSpiteOfRefusals},
}

// fussy refuses each third version of a user the first time.
type fussy struct {
	seen    *arrivals
	mu      sync.Mutex
	refused map[domain.EventID]bool
}

func (f *fussy) publish(_ context.Context, recorded ports.StreamPosition, events []ports.OutboxEvent) (ports.StreamPosition, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, event := range events {
		if event.UserVersion%3 == 0 && !f.refused[event.Message.ID] {
			f.refused[event.Message.ID] = true
			return ports.StreamPosition{}, &ports.RejectedError{Event: event.Message.ID, Reason: "too large"}
		}
		f.seen.note(event)
		recorded.Sequence++
	}
	return ports.StreamPosition{Stream: sampleStream, Sequence: recorded.Sequence}, nil
}

// relay publishes what waits and buries what is refused, until done.
func (s *store) relay(t *testing.T, ctx context.Context, publish ports.Publish, done func() bool) {
	eventually(t, ctx, "publish every event", func() bool {
		_, err := s.Queue.Drain(ctx, 7, publish)
		if rejected, ok := errors.AsType[*ports.RejectedError](err); ok {
			err = s.Queue.Bury(ctx, rejected.Event, rejected.Reason, now())
		}
		if err != nil {
			t.Errorf("drain: %v", err)
		}
		return done()
	})
}

func orderedInSpiteOfRefusals(t *testing.T, ctx context.Context, s *store) {
	const users, changesEach, producers, relays = 4, 12, 4, 2
	ids := make([]domain.UserID, users)
	for i := range ids {
		user, _ := s.register(t, ctx)
		ids[i] = user.ID()
	}
	stream := &fussy{seen: newArrivals(), refused: map[domain.EventID]bool{}}
	done := func() bool { return stream.seen.count() == users*(changesEach+1) || t.Failed() }

	var working sync.WaitGroup
	for p := range producers {
		working.Go(func() {
			for i := range users * changesEach / producers {
				if _, err := s.change(ctx, ids[(p+i)%users]); err != nil {
					t.Errorf("change: %v", err)
				}
			}
		})
	}
	for range relays {
		working.Go(func() { s.relay(t, ctx, stream.publish, done) })
	}
	working.Go(func() {
		eventually(t, ctx, "retry every dead letter", func() bool {
			letters, err := s.Letters.Dead(ctx, ports.DeadLetterFilter{}, 0, 100)
			if err != nil {
				t.Errorf("dead letters: %v", err)
			}
			slices.Reverse(letters) // the later ones of a user first
			for _, letter := range letters {
				if err := s.Letters.Retry(ctx, letter.Event.Message.ID, newEntries(1)[0]); err != nil {
					t.Errorf("retry: %v", err)
				}
			}
			return done()
		})
	})
	working.Wait()
	for _, id := range ids {
		if versions := stream.seen.of(id); len(versions) != changesEach+1 || !slices.IsSorted(versions) {
			t.Errorf("versions published of user %v: got %v, want %d in order", id, versions, changesEach+1)
		}
	}
}
