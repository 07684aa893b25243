package bootstrap_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/menjin-id/menjin/internal/testserver/natstest"
)

const crashRounds = 4

func TestProgramKilledInTheMiddleOfSignInsBreaksNoPromise(t *testing.T) {
	t.Parallel()
	onEverySet(t, func(t *testing.T, s settings) {
		w, l := startWeChat(t), newLedger()
		s = s.with(w.settings())
		for round := range crashRounds {
			p := start(t, s)
			c, before := p.gather(w, l, fmt.Sprintf("round-%d", round)), l.answered()
			eventually(t, "forty more are signed in", func() bool { return l.answered() >= before+40 })
			p.kill()
			c.sendAway()
		}
		p := start(t, s)
		l.holdsFor(t, p, p.drained(w))
	})
}

func TestNATSKilledInTheMiddleOfSignInsDelaysEventsAndNothingElse(t *testing.T) {
	t.Parallel()
	server, w, l := natstest.NewServer(t), startWeChat(t), newLedger()
	p := start(t, onServers(t).with(w.settings()).with(settings{"events.url": server.URL()}))
	c := p.gather(w, l, "nats")
	more := func(when string) {
		before := l.answered()
		eventually(t, "forty more are signed in "+when, func() bool { return l.answered() >= before+40 })
	}
	for range 2 {
		more("with NATS up")
		server.Kill()
		more("with NATS down")
		server.Start()
	}
	more("with NATS up again")
	c.sendAway()
	l.holdsFor(t, p, p.drained(w))
}

func TestServiceStartsWithoutNATSAndCatchesUp(t *testing.T) {
	t.Parallel()
	server, w, l := natstest.NewServer(t), startWeChat(t), newLedger()
	server.Stop()
	p := start(t, onServers(t).with(w.settings()).with(settings{"events.url": server.URL()}))
	c := p.gather(w, l, "early")
	eventually(t, "twenty are signed in", func() bool { return l.answered() >= 20 })
	c.sendAway()
	server.Start()
	l.holdsFor(t, p, p.drained(w))
}

func TestStreamIsThereBeforeTheFirstEvent(t *testing.T) {
	t.Parallel()
	onEverySet(t, func(t *testing.T, s settings) {
		p := start(t, s)
		begin := time.Now()
		readEvents(t, p.events, func([]event) bool { return true })
		t.Logf("the stream is there %s after the program is ready", time.Since(begin).Round(time.Millisecond))
	})
}
