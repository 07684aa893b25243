package portstest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

var shardContracts = []contract[*store]{
	{"a shard is worked by one at a time, and who comes too late is told", exclusiveShards},
	{"a user's events come in order from producers and relays at once", orderedPerUser},
}

// exclusiveShards holds every shard in its publisher, one after another, until a Drain finds none to work.
func exclusiveShards(t *testing.T, ctx context.Context, s *store) {
	const users = 120 // so many that no shard is without work
	for range users {
		s.register(t, ctx)
	}
	var working sync.WaitGroup
	defer working.Wait()
	release := make(chan struct{})
	defer sync.OnceFunc(func() { close(release) })()

	held := map[domain.UserID]bool{}
	for drains := 0; ; drains++ {
		if drains > users {
			t.Fatal("no Drain was ever busy")
		}
		entered := make(chan []ports.OutboxEvent, 1)
		returned := make(chan error, 1)
		working.Go(func() {
			drained, err := s.Queue.Drain(ctx, users, func(ctx context.Context, recorded ports.StreamPosition, events []ports.OutboxEvent) (ports.StreamPosition, error) {
				entered <- events
				<-release
				return s.accept(func(ports.OutboxEvent) {})(ctx, recorded, events)
			})
			if err == nil && drained.Events == 0 && !drained.Busy {
				err = fmt.Errorf("drain while others work every shard: got %+v, want it busy", drained)
			}
			returned <- err
		})
		select {
		case events := <-entered:
			for _, event := range events {
				if held[event.UserID] {
					t.Errorf("user %v is worked twice at once", event.UserID)
				}
			}
			for _, event := range events {
				held[event.UserID] = true
			}
		case err := <-returned:
			if err != nil {
				t.Error(err)
			}
			if len(held) != users {
				t.Errorf("users held when a Drain was busy: got %d, want %d", len(held), users)
			}
			return
		}
	}
}

func orderedPerUser(t *testing.T, ctx context.Context, s *store) {
	const users, changesEach, producers, relays = 5, 12, 4, 3
	ids := make([]domain.UserID, users)
	for i := range ids {
		user, _ := s.register(t, ctx)
		ids[i] = user.ID()
	}

	var producing, relaying sync.WaitGroup
	for p := range producers {
		producing.Go(func() {
			for i := range users * changesEach / producers {
				if _, err := s.change(ctx, ids[(p+i)%users]); err != nil {
					t.Errorf("change: %v", err)
				}
			}
		})
	}
	seen := newArrivals()
	for range relays {
		relaying.Go(func() {
			eventually(t, ctx, "publish every event", func() bool {
				if _, err := s.Queue.Drain(ctx, 7, s.accept(seen.note)); err != nil {
					t.Errorf("drain: %v", err)
				}
				return seen.count() == users*(changesEach+1)
			})
		})
	}
	producing.Wait()
	relaying.Wait()

	for _, id := range ids {
		versions := seen.of(id)
		if len(versions) == 0 || versions[0] != 1 || !slices.IsSorted(versions) {
			t.Errorf("versions published of user %v: got %v, want them in order", id, versions)
		}
	}
}

// arrivals records which versions of which user were published, in the order in which each was seen first.
type arrivals struct {
	mu       sync.Mutex
	events   map[domain.EventID]bool
	versions map[domain.UserID][]int64
}

func newArrivals() *arrivals {
	return &arrivals{events: map[domain.EventID]bool{}, versions: map[domain.UserID][]int64{}}
}

func (a *arrivals) note(event ports.OutboxEvent) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.events[event.Message.ID] {
		a.events[event.Message.ID] = true
		a.versions[event.UserID] = append(a.versions[event.UserID], event.UserVersion)
	}
}

func (a *arrivals) count() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.events)
}

func (a *arrivals) of(id domain.UserID) []int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.versions[id]
}
