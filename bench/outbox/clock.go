package outbox

import (
	"os"
	"time"

	"github.com/menjin-id/menjin/bench/report"
	"github.com/menjin-id/menjin/bench/stack"
)

// clock measures time, and what this process and the servers have spent meanwhile.
type clock struct {
	began   time.Time
	servers Servers
	spent   spent
}

// spent is CPU time since each process started.
type spent struct {
	program, postgres, nats time.Duration
	known                   bool
}

func (b *Bench) startClock() clock { return clock{time.Now(), b.servers, b.servers.spent()} }

func (s Servers) spent() (now spent) {
	now.program, now.known = stack.CPU(os.Getpid())
	now.postgres, _ = stack.FamilyCPU(s.PostgresPID)
	now.nats, _ = stack.CPU(s.NATSPID)
	return now
}

// figure divides what was spent by the events.
func (c clock) figure(took time.Duration, events int) report.Figure {
	figure := report.Figure{
		Rate: float64(events) / took.Seconds(), CPU: -1, Postgres: -1, NATS: -1, Allocs: -1, Bytes: -1,
	}
	if now := c.servers.spent(); now.known && c.spent.known && events > 0 {
		each := time.Duration(events)
		figure.CPU = (now.program - c.spent.program) / each
		figure.Postgres = (now.postgres - c.spent.postgres) / each
		figure.NATS = (now.nats - c.spent.nats) / each
	}
	return figure
}
