package natsbus_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/menjin-id/menjin/adapters/natsbus"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// attempts is how often a test that goes by time is tried: a machine that stands still for a moment spoils one.
const attempts = 5

// replica follows a bus and counts what it is given.
type replica struct {
	mu   sync.Mutex
	came map[domain.EventID]int
}

// join starts a replica. It answers each event with what handle returns for the number of times it came.
func join(t *testing.T, bus *natsbus.Bus, handle func(ctx context.Context, id domain.EventID, times int) error) *replica {
	t.Helper()
	r := &replica{came: map[domain.EventID]int{}}
	ctx, cancel := context.WithCancel(context.Background())
	var following sync.WaitGroup
	following.Go(func() {
		_ = bus.Follow(ctx, func(ctx context.Context, notice ports.SessionNotice) error {
			r.mu.Lock()
			r.came[notice.EventID]++
			times := r.came[notice.EventID]
			r.mu.Unlock()
			return handle(ctx, notice.EventID, times)
		})
	})
	t.Cleanup(func() { cancel(); following.Wait() })
	return r
}

func (r *replica) times(id domain.EventID) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.came[id]
}

func stuck(ctx context.Context, _ domain.EventID, _ int) error {
	<-ctx.Done()
	return ctx.Err()
}

func handled(context.Context, domain.EventID, int) error { return nil }

func TestMessageInTheHandsOfAKilledReplicaIsHandledWithinASecond(t *testing.T) {
	t.Parallel()
	var took time.Duration
	for range attempts {
		server := embedded(t)
		killed, other := within(t, server, natsbus.Options{}), within(t, server, natsbus.Options{})
		notice := newNotice()
		publish(t, other, noticeMessage(t, notice))
		holding := join(t, killed, stuck)
		eventually(t, "the message is in the hands of the first", func() bool { return holding.times(notice.EventID) == 1 })
		begin := time.Now()
		killed.Close()
		taking := join(t, other, handled)
		eventually(t, "the message is in the hands of the other", func() bool { return taking.times(notice.EventID) == 1 })
		if took = time.Since(begin); took <= time.Second {
			return
		}
	}
	t.Errorf("the message came after %s at best, want a second at most", took)
}

func TestReplicaAtWorkKeepsItsMessageAndNoOther(t *testing.T) {
	t.Parallel()
	came := 0
	for range attempts {
		if came = timesASlowMessageComesToOthers(t); came == 0 {
			return
		}
	}
	t.Errorf("while it was being handled the message came to the other replica %d times, want none", came)
}

// timesASlowMessageComesToOthers lets one replica work on a message for longer than one that says nothing may hold it, while
// another handles all that comes after it.
func timesASlowMessageComesToOthers(t *testing.T) int {
	t.Helper()
	server := embedded(t)
	slow, quick := within(t, server, natsbus.Options{}), within(t, server, natsbus.Options{})
	long, clock := newNotice(), newNotice()
	publish(t, quick, noticeMessage(t, long))
	finish := make(chan struct{})
	working := join(t, slow, func(context.Context, domain.EventID, int) error { <-finish; return nil })
	eventually(t, "the slow replica is at work", func() bool { return working.times(long.EventID) == 1 })

	const ticks = 5 // each put off for longer than the one before: more than a second in all
	others := join(t, quick, func(_ context.Context, id domain.EventID, times int) error {
		if id == clock.EventID && times < ticks {
			return errors.New("not yet")
		}
		return nil
	})
	waiting := []ports.SessionNotice{clock}
	for range 20 {
		waiting = append(waiting, newNotice())
	}
	for _, notice := range waiting {
		publish(t, quick, noticeMessage(t, notice))
	}
	eventually(t, "the other replica has handled the rest", func() bool {
		for _, notice := range waiting {
			if others.times(notice.EventID) == 0 {
				return false
			}
		}
		return others.times(clock.EventID) == ticks
	})
	close(finish)
	return others.times(long.EventID)
}

func TestMessageOfAReplicaThatIsStuckComesToAnother(t *testing.T) {
	t.Parallel()
	server := embedded(t)
	first, other := within(t, server, natsbus.Options{}), within(t, server, natsbus.Options{})
	notice := newNotice()
	publish(t, other, noticeMessage(t, notice))
	holding := join(t, first, stuck)
	eventually(t, "the message is in the hands of the first", func() bool { return holding.times(notice.EventID) == 1 })
	taking := join(t, other, handled)
	eventually(t, "the message is in the hands of the other", func() bool { return taking.times(notice.EventID) == 1 })
}
