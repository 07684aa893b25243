package bootstrap_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
)

// ledger is what the service has promised by answering.
type ledger struct {
	mu         sync.Mutex
	registered map[string]bool   // users
	ended      map[string]bool   // users whose only session was ended
	alive      map[string]string // token by user, of sessions that nobody tried to end
	refused    []string          // answers that no sign-in should get
}

func newLedger() *ledger {
	return &ledger{registered: map[string]bool{}, ended: map[string]bool{}, alive: map[string]string{}}
}

func (l *ledger) note(change func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change()
}

func (l *ledger) answered() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.registered)
}

// crowd are people who sign in for the first time, one after the other at each of eight doors, until the program is
// gone or they are told to leave. Every third logs out again.
type crowd struct {
	leave chan struct{}
	gone  sync.WaitGroup
}

func (p *program) gather(w *weChat, l *ledger, label string) *crowd {
	c := &crowd{leave: make(chan struct{})}
	for door := range 8 {
		c.gone.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-c.leave:
					return
				default:
				}
				code, err := w.MintCode("", fmt.Sprintf("%s-%d-%d", label, door, i))
				if err != nil || !p.visit(code, l, i%3 == 0) {
					return
				}
			}
		})
	}
	return c
}

// visit reports whether the program is still there.
func (p *program) visit(code string, l *ledger, short bool) bool {
	in, r, err := p.tryLogin(code)
	if err != nil {
		return false
	}
	if r.Status != http.StatusOK {
		l.note(func() { l.refused = append(l.refused, r.String()) })
		return true
	}
	l.note(func() { l.registered[in.User.ID] = true })
	if !short {
		l.note(func() { l.alive[in.User.ID] = in.Token })
		return true
	}
	r, err = p.try(http.MethodPost, "/api/logout", in.Token, nil)
	if err == nil && r.Status == http.StatusOK {
		l.note(func() { l.ended[in.User.ID] = true })
	}
	return err == nil
}

func (c *crowd) sendAway() {
	close(c.leave)
	c.gone.Wait()
}

// holdsFor compares the promises with the stream, and with what the program now says of the sessions.
func (l *ledger) holdsFor(t *testing.T, p *program, events []event) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.refused) > 0 {
		t.Errorf("%d sign-ins were refused, the first with %s", len(l.refused), l.refused[0])
	}
	seen, versions, lost := map[string]bool{}, map[string]int{}, 0
	for _, e := range events {
		if seen[e.ID] {
			t.Errorf("event %s lies in the stream twice", e.ID)
		}
		seen[e.ID] = true
		if e.Version != versions[e.User]+1 {
			t.Errorf("user %s: version %d comes after version %d", e.User, e.Version, versions[e.User])
		}
		versions[e.User] = e.Version
	}
	for user := range l.registered {
		if versions[user] < 1 || l.ended[user] && versions[user] != 2 {
			lost++
		}
	}
	if lost > 0 {
		t.Errorf("%d of %d users lack events that were promised", lost, len(l.registered))
	}
	t.Logf("%d registrations and %d logouts were answered, %d events lie in the stream", len(l.registered), len(l.ended), len(events))
	for user, token := range l.alive {
		if r := p.check(token, http.StatusNoContent, ""); r.Status != http.StatusNoContent {
			t.Fatalf("the session of user %s is lost", user)
		}
	}
}
