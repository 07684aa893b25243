package outbox_test

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/menjin-id/menjin/adapters/memory"
	"github.com/menjin-id/menjin/application/outbox"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// watched notes when a relay looks for work, and for how long it asks all replicas to leave a shard alone.
type watched struct {
	ports.OutboxQueue
	mu     sync.Mutex
	looks  []time.Time
	delays []time.Duration
	answer func() (ports.Drained, error)
}

func (q *watched) Drain(context.Context, int, ports.Publish) (ports.Drained, error) {
	q.mu.Lock()
	q.looks = append(q.looks, time.Now())
	answer := q.answer
	q.mu.Unlock()
	return answer()
}

func (q *watched) Delay(_ context.Context, _ int, until time.Time) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.delays = append(q.delays, time.Until(until))
	return nil
}

// alone is a relay on a watched queue.
type alone struct {
	queue *watched
	wake  outbox.Signal
	hints ports.RelayHints // the other replica's end
	stop  func()
}

func watch(answer func() (ports.Drained, error)) *alone {
	b := setup()
	own, other := memory.NewRelayHints()
	a := &alone{queue: &watched{answer: answer}, wake: outbox.NewSignal(), hints: other}
	b.relay = outbox.NewRelay(a.queue, b.stream, b.reconcile, own, a.wake, time.Now, slog.New(slog.DiscardHandler))
	a.stop = b.run()
	return a
}

func nothing() (ports.Drained, error) { return ports.Drained{}, nil }

func outage() (ports.Drained, error) { return ports.Drained{Events: 3}, domain.ErrUnavailable }

// answers changes what Drain returns.
func (q *watched) answers(answer func() (ports.Drained, error)) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.answer = answer
}

// count is how often the relay has looked, and delayed a shard.
func (q *watched) count() (looks, delays int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.looks), len(q.delays)
}

// pauses are those between looks.
func (q *watched) pauses() (pauses []time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i := 1; i < len(q.looks); i++ {
		pauses = append(pauses, q.looks[i].Sub(q.looks[i-1]))
	}
	return pauses
}

func TestPausesDoubleFromFiftyMillisecondsToThirtySeconds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := watch(outage)
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		pauses := a.queue.pauses() // before one is cut short
		a.stop()
		longest := 50 * time.Millisecond
		for i, pause := range pauses {
			if pause <= longest/2 || pause > longest {
				t.Errorf("pause %d: got %s, want more than half of %s", i, pause, longest)
			}
			if a.queue.delays[i] != pause {
				t.Errorf("delay %d of the shard: got %s, want the relay's own pause %s", i, a.queue.delays[i], pause)
			}
			longest = min(2*longest, 30*time.Second)
		}
		if longest != 30*time.Second {
			t.Errorf("the longest pause so far: got %s, want 30s", longest)
		}
	})
}

func TestPausesOfTwoRelaysDiffer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		one, other := watch(outage), watch(outage)
		time.Sleep(time.Minute)
		synctest.Wait()
		one.stop()
		other.stop()
		same := 0
		ours, theirs := one.queue.pauses(), other.queue.pauses()
		for i := range min(len(ours), len(theirs)) {
			if ours[i] == theirs[i] {
				same++
			}
		}
		if same > 1 {
			t.Errorf("%d of %d pauses are the same", same, min(len(ours), len(theirs)))
		}
	})
}

func TestPauseAfterAFailureIsNotCutShort(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := watch(outage)
		time.Sleep(time.Minute)
		synctest.Wait()
		before, _ := a.queue.count()
		for range 100 { // fewer than fit into the shortest pause by now
			a.wake.Give()
			a.hints.Hint()
			time.Sleep(50 * time.Millisecond)
			synctest.Wait()
		}
		if looks, _ := a.queue.count(); looks-before > 1 {
			t.Errorf("looked %d times within five seconds of a pause", looks-before)
		}
		a.stop()
	})
}

func TestPausesBeginAnewAfterASuccess(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := watch(outage)
		time.Sleep(time.Minute)
		synctest.Wait()
		a.queue.answers(func() (ports.Drained, error) { return ports.Drained{Events: 3}, nil })
		time.Sleep(30 * time.Second) // the longest pause
		synctest.Wait()
		a.queue.answers(outage)
		_, first := a.queue.count()
		time.Sleep(time.Second) // the longest poll
		synctest.Wait()
		a.stop()
		if delays := a.queue.delays; len(delays) <= first || delays[first] > 50*time.Millisecond {
			t.Errorf("delays: got %v after %d earlier ones, want the first at most 50ms", delays[min(first, len(delays)):], first)
		}
	})
}

func TestIdleRelayPollsWithJitter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := watch(nothing)
		time.Sleep(time.Minute)
		synctest.Wait()
		pauses := a.queue.pauses() // before one is cut short
		a.stop()
		seen := map[time.Duration]bool{}
		for _, pause := range pauses {
			seen[pause] = true
			if pause < 250*time.Millisecond || pause > time.Second {
				t.Errorf("pause between polls: got %s, want 250ms to 1s", pause)
			}
		}
		if len(seen) < len(pauses)/2 {
			t.Errorf("got %d different pauses of %d", len(seen), len(pauses))
		}
	})
}

func TestAnnouncedWorkIsLookedForAtOnce(t *testing.T) {
	t.Parallel()
	announcements := map[string]func(*alone){
		"by a commit of the process": func(a *alone) { a.wake.Give() },
		"by another replica":         func(a *alone) { a.hints.Hint() },
	}
	for name, announce := range announcements {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a := watch(nothing)
				synctest.Wait()
				for range 3 {
					before, _ := a.queue.count()
					announce(a)
					synctest.Wait()
					if looks, _ := a.queue.count(); looks-before != 1 {
						t.Errorf("looked %d times, want once", looks-before)
					}
				}
				a.stop()
			})
		})
	}
}

func TestFullBatchIsFollowedByTheNextAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		left := 3
		a := watch(func() (ports.Drained, error) {
			if left--; left >= 0 {
				return ports.Drained{Events: 500 - left, Full: true}, nil // some are held
			}
			return ports.Drained{}, nil
		})
		synctest.Wait()
		if got, _ := a.queue.count(); got != 4 {
			t.Errorf("looked %d times at once, want 4", got)
		}
		a.stop()
	})
}

func TestEventsGatherBehindALargeBatchOfABusyMachine(t *testing.T) {
	t.Parallel()
	for name, batch := range map[string]struct {
		drained ports.Drained
		takes   time.Duration
		least   time.Duration // that a batch ever took
		want    time.Duration // between two looks
	}{
		"large and slow": {drained: ports.Drained{Events: 64}, takes: 6 * time.Millisecond, least: 2 * time.Millisecond, want: 26 * time.Millisecond},
		"small":          {drained: ports.Drained{Events: 63, More: true}, takes: 6 * time.Millisecond, least: 2 * time.Millisecond, want: 6 * time.Millisecond},
		"quick":          {drained: ports.Drained{Events: 64, More: true}, takes: 4 * time.Millisecond, least: time.Millisecond, want: 4 * time.Millisecond},
		"full":           {drained: ports.Drained{Events: 499, Full: true}, takes: 6 * time.Millisecond, least: time.Millisecond, want: 6 * time.Millisecond},
		"of a database far away": {
			drained: ports.Drained{Events: 64, More: true}, takes: 9 * time.Millisecond, least: 5 * time.Millisecond, want: 9 * time.Millisecond,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var a *alone
				began := make(chan struct{})
				takes := batch.least
				a = watch(func() (ports.Drained, error) {
					<-began
					a.wake.Give() // somebody commits meanwhile
					time.Sleep(takes)
					if takes == batch.least {
						takes = batch.takes
						return ports.Drained{Events: 1}, nil
					}
					return batch.drained, nil
				})
				close(began)
				time.Sleep(301 * time.Millisecond)
				synctest.Wait()
				pauses := a.queue.pauses() // before one is cut short
				a.queue.answers(nothing)
				a.stop()
				if len(pauses) < 8 {
					t.Errorf("got %d pauses in 300ms", len(pauses))
				}
				for i, pause := range pauses[1:] {
					if pause != batch.want {
						t.Errorf("pause %d: got %s, want %s", i, pause, batch.want)
					}
				}
			})
		})
	}
}

// An event waits for one pause at most, however many shards are busy.
func TestRelayPausesForOneOfSeveralShards(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const shards, takes = 4, 6 * time.Millisecond
		batches := -1
		a := watch(func() (ports.Drained, error) {
			if batches++; batches == 0 {
				time.Sleep(time.Millisecond) // the quickest
				return ports.Drained{Events: 1, More: true}, nil
			}
			time.Sleep(takes)
			return ports.Drained{Shard: batches % shards, Events: 100, More: true}, nil
		})
		time.Sleep(time.Second)
		synctest.Wait()
		pauses := a.queue.pauses()
		a.queue.answers(nothing)
		a.stop()
		for i := 1; i+shards <= len(pauses); i++ { // one more look than batches: the first
			var round time.Duration
			for _, pause := range pauses[i : i+shards] {
				round += pause
			}
			if want := shards*takes + 20*time.Millisecond; round != want {
				t.Errorf("round from batch %d: took %s, want %s", i, round, want)
			}
		}
	})
}

// What one shard waits for is no reason to leave the others, nor to try it again and again.
func TestShardThatFailsAloneWaitsAndTheOthersDoNot(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var a *alone
		began := make(chan struct{})
		until, served := time.Time{}, 0
		a = watch(func() (ports.Drained, error) {
			<-began
			a.queue.mu.Lock()
			defer a.queue.mu.Unlock()
			if delays := len(a.queue.delays); delays > 0 && until.IsZero() {
				until = time.Now().Add(a.queue.delays[delays-1])
			}
			if !time.Now().Before(until) {
				until = time.Time{}
				return ports.Drained{Shard: 1, Events: 3}, domain.ErrUnavailable
			}
			served++
			return ports.Drained{Shard: 0, Events: 1}, nil
		})
		close(began)
		for range 6000 { // a minute, a commit each 10 ms
			a.wake.Give()
			time.Sleep(10 * time.Millisecond)
			synctest.Wait()
		}
		_, failures := a.queue.count()
		a.queue.answers(nothing)
		a.stop()
		if failures > 13 { // after 50 ms, 100 ms, … and twice 30 s, each up to a half shorter
			t.Errorf("the shard failed %d times in a minute, want 13 at most", failures)
		}
		if served < 5500 {
			t.Errorf("the other was served %d times in a minute, want 5500 at least", served)
		}
	})
}

func TestOtherShardsAreLookedForAtOnce(t *testing.T) {
	t.Parallel()
	for name, stop := range map[string]bool{"at work": false, "when the service stops": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				left := 4
				shards := func() (ports.Drained, error) {
					if left--; left > 0 {
						return ports.Drained{Shard: left, Events: 65 * (left % 2), More: true}, nil
					}
					return ports.Drained{}, nil
				}
				a := watch(nothing)
				synctest.Wait()
				before, _ := a.queue.count()
				a.queue.answers(shards)
				if !stop {
					a.wake.Give()
					time.Sleep(2 * 20 * time.Millisecond)
					synctest.Wait()
				}
				a.stop()
				if looks, _ := a.queue.count(); left > 0 || looks-before < 4 {
					t.Errorf("looked %d times, want 4 at least", looks-before)
				}
			})
		})
	}
}

func TestBusyRelayTellsTheOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := watch(func() (ports.Drained, error) { return ports.Drained{Busy: true}, nil })
		synctest.Wait()
		select {
		case <-a.hints.Hints():
		default:
			t.Error("whoever works the shard has not been told")
		}
		a.stop()
	})
}

// buried notes how long an event may take to be set aside.
type buried struct {
	*watched
	within time.Duration
}

func (q *buried) Bury(ctx context.Context, _ domain.EventID, _ string, _ time.Time) error {
	deadline, _ := ctx.Deadline()
	q.within = time.Until(deadline)
	q.answers(nothing)
	return nil
}

func TestSettingAnEventAsideMayTakeNoLongerThanABatch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup()
		own, _ := memory.NewRelayHints()
		queue := &buried{watched: &watched{answer: func() (ports.Drained, error) {
			return ports.Drained{Events: 1}, &ports.RejectedError{Reason: "too large"}
		}}}
		b.relay = outbox.NewRelay(queue, b.stream, b.reconcile, own, outbox.NewSignal(), time.Now, slog.New(slog.DiscardHandler))
		stop := b.run()
		synctest.Wait()
		stop()
		if queue.within <= 0 || queue.within > 20*time.Second {
			t.Errorf("bound of setting an event aside: got %s, want 20s at most", queue.within)
		}
	})
}
