package subscriber

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func put(l *lanes, key string, sequences ...uint64) {
	for _, s := range sequences {
		l.add(&delivery{key: key, sequence: s})
	}
}

func started(l *lanes) (all []string) {
	for d := l.start(); d != nil; d = l.start() {
		all = append(all, fmt.Sprint(d.key, d.sequence))
	}
	return all
}

func wantStarted(t *testing.T, l *lanes, want ...string) {
	t.Helper()
	if got := started(l); !slices.Equal(got, want) {
		t.Errorf("started: got %v, want %v", got, want)
	}
}

func TestLaneStartsOneEventAtATimeInOrder(t *testing.T) {
	t.Parallel()
	l := newLanes()
	put(l, "a", 3, 1, 2)
	put(l, "b", 4)
	wantStarted(t, l, "a1", "b4")
	l.done(l.byKey["a"].running)
	wantStarted(t, l, "a2")
}

func TestLaneWaitsForWhatWasPutOff(t *testing.T) {
	t.Parallel()
	l := newLanes()
	put(l, "a", 1, 2)
	d := l.start()
	d.failures = 3
	l.postpone(d, time.Now().Add(time.Hour))
	wantStarted(t, l)
	put(l, "a", 1)
	if got := l.start(); got == nil || got.sequence != 1 || got.failures != 3 {
		t.Errorf("got %+v, want the first with 3 failures", got)
	}
	l.done(l.byKey["a"].running)
	wantStarted(t, l, "a2")
}

func TestLaneGoesOnWithoutWhatDoesNotComeAgain(t *testing.T) {
	t.Parallel()
	l, now := newLanes(), time.Now()
	put(l, "a", 1, 2)
	l.postpone(l.start(), now)
	if got := l.overdue(now); got != 0 {
		t.Errorf("overdue at the time: got %d, want 0", got)
	}
	if got := l.overdue(now.Add(1)); got != 1 {
		t.Errorf("overdue after it: got %d, want 1", got)
	}
	wantStarted(t, l, "a2")
}

func TestWhatRunsIsNotStartedAgainUnderANewPin(t *testing.T) {
	t.Parallel()
	l := newLanes()
	put(l, "a", 1, 2)
	running := l.start()
	if got := l.drop(); len(got) != 1 || l.unsettled() != 0 {
		t.Errorf("dropped %d, unsettled %d, want 1 and 0", len(got), l.unsettled())
	}
	put(l, "a", 1, 2)
	wantStarted(t, l)
	if l.unsettled() != 2 {
		t.Errorf("unsettled: got %d, want 2", l.unsettled())
	}
	l.done(running)
	wantStarted(t, l, "a2")
}

// TestLanesKeepTheirCount plays any interleaving and compares the counts with what is there.
func TestLanesKeepTheirCount(t *testing.T) {
	t.Parallel()
	for seed := range uint64(200) {
		random, l, now := rand.New(rand.NewPCG(seed, 0)), newLanes(), time.Now()
		var running []*delivery
		for range 200 {
			switch random.IntN(6) {
			case 0, 1:
				put(l, fmt.Sprint(random.IntN(3)), uint64(random.IntN(20)))
			case 2:
				if d := l.start(); d != nil {
					running = append(running, d)
				}
			case 3, 4:
				if len(running) > 0 {
					d := running[0]
					running = running[1:]
					if random.IntN(2) == 0 {
						l.done(d)
					} else {
						l.postpone(d, now)
					}
				}
			case 5:
				if random.IntN(10) == 0 {
					l.drop()
				}
				l.overdue(now.Add(time.Duration(random.IntN(2))))
			}
			held, runs := 0, 0
			for _, at := range l.byKey {
				held += len(at.queue)
				if at.putOff != nil {
					held++
				}
				if at.running != nil {
					runs++
				}
			}
			if held != l.held || runs != l.running || runs != len(running) {
				t.Fatalf("seed %d: held %d, running %d, want %d and %d", seed, l.held, l.running, held, len(running))
			}
		}
	}
}

func TestCrowdIsWhatFailedAndWhatWaitsBehindIt(t *testing.T) {
	t.Parallel()
	l := newLanes()
	put(l, "a", 1, 2, 3)
	put(l, "b", 4, 5)
	put(l, "c", 6)
	for _, failures := range []int{1, 1, 0} {
		d := l.start()
		if d.failures = failures; failures > 0 {
			l.postpone(d, time.Now().Add(time.Hour))
		}
	}
	if got, want := l.crowd(), (crowd{events: 5, users: 2}); got != want {
		t.Errorf("put off: got %+v, want %+v", got, want)
	}
	put(l, "a", 1)
	if got, want := l.crowd(), (crowd{events: 5, users: 2}); got != want {
		t.Errorf("come again: got %+v, want %+v", got, want)
	}
	d := l.start()
	if want := (crowd{events: 5, users: 2}); d.crowd != want {
		t.Errorf("started again: got %+v, want %+v", d.crowd, want)
	}
	l.done(d)
	if got, want := l.crowd(), (crowd{events: 2, users: 1}); got != want {
		t.Errorf("succeeded: got %+v, want %+v", got, want)
	}
}
