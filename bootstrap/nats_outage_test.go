package bootstrap_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/menjin-id/menjin/internal/testserver/natstest"
)

// stopwatch is how long visits took.
type stopwatch struct {
	mu   sync.Mutex
	took []time.Duration
}

func (s *stopwatch) add(took time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.took = append(s.took, took)
}

// lap returns the quickest, the median and the slowest visit since the last lap.
func (s *stopwatch) lap() (quickest, median, slowest time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	slices.Sort(s.took)
	quickest, median, slowest = s.took[0], s.took[len(s.took)/2], s.took[len(s.took)-1]
	s.took = nil
	return quickest, median, slowest
}

// stroll is a crowd that comes at a steady pace, so that a long test has a bounded number of people in it.
func (p *program) stroll(w *weChat, l *ledger, label string) (*crowd, *stopwatch) {
	c, watch := &crowd{leave: make(chan struct{})}, &stopwatch{}
	for door := range 3 {
		c.gone.Go(func() {
			pace := time.NewTicker(40 * time.Millisecond)
			defer pace.Stop()
			for i := 0; ; i++ {
				select {
				case <-c.leave:
					return
				case <-pace.C:
				}
				code, err := w.MintCode("", fmt.Sprintf("%s-%d-%d", label, door, i))
				began := time.Now()
				if err != nil || !p.visit(code, l, i%3 == 0) {
					return
				}
				watch.add(time.Since(began))
			}
		})
	}
	return c, watch
}

func (l *ledger) grows(t *testing.T, people int, when string) {
	t.Helper()
	before := l.answered()
	eventually(t, fmt.Sprintf("%d more are signed in %s", people, when), func() bool { return l.answered() >= before+people })
}

// readiness asks as a balancer does, and returns the states by the names of what the program depends on.
func (p *program) readiness(want int) (status string, dependencies map[string]string) {
	p.tb.Helper()
	r, err := p.client.Get(p.api + "/health/ready")
	if err != nil {
		p.tb.Fatal(err)
	}
	defer r.Body.Close()
	var body struct {
		Status       string
		Dependencies []struct{ Name, Status string }
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil || r.StatusCode != want {
		p.tb.Fatalf("readiness: got %d %v, want %d", r.StatusCode, err, want)
	}
	dependencies = make(map[string]string)
	for _, d := range body.Dependencies {
		dependencies[d.Name] = d.Status
	}
	return body.Status, dependencies
}

func TestRegistrationsGoOnUnhurtWhileNATSIsDown(t *testing.T) {
	t.Parallel()
	server, w, l := natstest.NewServer(t), startWeChat(t), newLedger()
	s := onServers(t).with(w.settings()).with(settings{"events.url": server.URL()})
	p, waiting := start(t, s), pendingIn(t, s)
	c, watch := p.stroll(w, l, "visitor")
	l.grows(t, 50, "before the outage")
	_, before, _ := watch.lap()

	server.Kill()
	eventually(t, "readiness says that the events are down", func() bool {
		status, dependencies := p.readiness(http.StatusOK)
		return status == "degraded" && dependencies["events"] == "down" && dependencies["database"] == "up"
	})
	l.grows(t, 100, "during the outage")
	quickest, during, slowest := watch.lap()
	if got := waiting(); got < 100 {
		t.Errorf("events that wait: got %d, want 100 at least", got)
	} else {
		t.Logf("%d events wait at the end of the outage", got)
	}
	t.Logf("a visit took %s (median) before, %s to %s, %s (median), during the outage", before, quickest, slowest, during)
	// Whoever waited for NATS would wait for two seconds, and so would everybody; how busy the machine is shows in the others.
	if quickest >= 2*time.Second {
		t.Errorf("quickest visit during the outage: got %s, want it not to wait for NATS", quickest)
	}

	server.Start()
	back := time.Now()
	l.grows(t, 20, "after the outage")
	c.sendAway()
	events := p.drained(w)
	t.Logf("nothing waits any more %s after the return of NATS", time.Since(back).Round(time.Millisecond))
	l.holdsFor(t, p, events)
	eventually(t, "the program is ready again", func() bool {
		status, _ := p.readiness(http.StatusOK)
		return status == "ready"
	})
}
