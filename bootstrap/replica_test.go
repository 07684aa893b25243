package bootstrap_test

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"
)

// startTwo starts two replicas at one moment. They share the folder of keys, as they would share configured keys.
func startTwo(t *testing.T, s settings) (a, b *program) {
	t.Helper()
	a, b = launch(t, s), launch(t, s)
	a.await()
	b.await()
	return a, b
}

func TestTwoReplicasStartAtOnceOnNothingAndAreOne(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]settings{
		"sessions in Redis": {}, "sessions in PostgreSQL": {"sessions.url": "database"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := startWeChat(t)
			a, b := startTwo(t, onServers(t).with(w.settings()).with(change))
			for _, p := range []*program{a, b} {
				p.expect(http.MethodGet, "/health/ready", "", nil, http.StatusOK, "")
			}
			endingIsSeenByTheOther(t, w, a, b)

			l := newLedger()
			one, other := a.gather(w, l, "a"), b.gather(w, l, "b")
			eventually(t, "a hundred are signed in", func() bool { return l.answered() >= 100 })
			one.sendAway()
			other.sendAway()
			l.holdsFor(t, b, a.drained(w))
		})
	}
}

// endingIsSeenByTheOther logs out at one replica and asks the other at once.
func endingIsSeenByTheOther(t *testing.T, w *weChat, a, b *program) {
	t.Helper()
	var delays []time.Duration
	for i := range 20 {
		in, path := a.login(w.code(fmt.Sprintf("leaver-%d", i))), "/api/logout"
		if i%2 == 1 {
			path = "/api/logout/all"
		}
		b.check(in.Token, http.StatusNoContent, "") // whatever the other remembers, it remembers now
		a.expect(http.MethodPost, path, in.Token, nil, http.StatusOK, "")
		ended := time.Now()
		b.check(in.Token, http.StatusUnauthorized, "SESSION_ENDED")
		delays = append(delays, time.Since(ended))
	}
	slices.Sort(delays)
	t.Logf("after logout the other replica refused its first request; answered after %s (median), %s (longest)",
		delays[len(delays)/2], delays[len(delays)-1])
}

func TestOnePersonAtTwoReplicasAtOnceIsOneUser(t *testing.T) {
	t.Parallel()
	w := startWeChat(t)
	a, b := startTwo(t, onServers(t).with(w.settings()))
	const people = 20
	codes := make([]string, people)
	for i := range codes {
		codes[i] = w.code("alice")
	}
	var users [people]string
	var posts sync.WaitGroup
	begin := make(chan struct{})
	for i, code := range codes {
		posts.Go(func() {
			<-begin
			in, r, err := []*program{a, b}[i%2].tryLogin(code)
			if err != nil || r.Status != http.StatusOK {
				t.Errorf("login %d: got %s %v, want 200", i, r, err)
			}
			users[i] = in.User.ID
		})
	}
	close(begin)
	posts.Wait()
	for i, user := range users {
		if user != users[0] {
			t.Errorf("user of login %d: got %s, want %s", i, user, users[0])
		}
	}
	if got := len(of(b.drained(w), users[0])); got != 1 {
		t.Errorf("events of the user: got %d, want 1", got)
	}
}

func TestReplicaTakesOverTheEventsOfOneThatIsKilled(t *testing.T) {
	t.Parallel()
	w, l := startWeChat(t), newLedger()
	a, b := startTwo(t, onServers(t).with(w.settings()))
	one, other := a.gather(w, l, "a"), b.gather(w, l, "b")
	eventually(t, "sixty are signed in", func() bool { return l.answered() >= 60 })
	a.kill()
	one.sendAway()
	before := l.answered()
	eventually(t, "thirty more are signed in", func() bool { return l.answered() >= before+30 })
	other.sendAway()
	l.holdsFor(t, b, b.drained(w))
}
