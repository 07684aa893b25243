package main

import (
	"context"
	"fmt"
	"time"

	"github.com/menjin-id/menjin/bench/child"
	"github.com/menjin-id/menjin/bench/report"
	"github.com/menjin-id/menjin/bench/stack"
)

// meters are what a program and the servers it uses have spent since they started. Between two readings nobody but that
// program uses the servers.
type meters struct {
	program                    child.Stats
	cpu, postgres, redis, nats time.Duration
	known                      bool // the CPU times
}

func (b *bench) meters(ctx context.Context, server *stack.Server) (m meters, err error) {
	if m.program, err = server.Side.Stats(ctx); err != nil {
		return m, err
	}
	m.cpu, m.known = stack.CPU(server.PID)
	m.postgres, _ = stack.FamilyCPU(b.postgres.PID)
	m.redis, _ = stack.CPU(b.redis.PID)
	m.nats, _ = stack.CPU(b.nats.PID)
	return m, nil
}

// since divides what was spent by the work that was done.
func (m meters) since(before meters, done int) report.Figure {
	figure := report.Figure{
		CPU: -1, Postgres: -1, Redis: -1, NATS: -1,
		Allocs: float64(m.program.Mallocs-before.program.Mallocs) / float64(done),
		Bytes:  float64(m.program.Bytes-before.program.Bytes) / float64(done),
	}
	if m.known && before.known {
		each := time.Duration(done)
		figure.CPU, figure.Postgres = (m.cpu-before.cpu)/each, (m.postgres-before.postgres)/each
		figure.Redis, figure.NATS = (m.redis-before.redis)/each, (m.nats-before.nats)/each
	}
	return figure
}

// httpTables are what is printed of the requests: how quick they were, and what they cost.
type httpTables struct{ speed, cost *report.Table }

func newHTTPTables() httpTables {
	return httpTables{
		speed: report.NewTable("requests", "floor/s", "ours/s", "ratio", "goal", "floor p50/p99 ms", "ours p50/p99 ms", "p99 ratio"),
		cost: report.NewTable("a request, floor / ours", "program CPU µs", "PostgreSQL CPU µs", "Redis CPU µs",
			"allocations", "bytes allocated"),
	}
}

func (t httpTables) add(work work, floor, ours []report.Figure) {
	f, o := report.Median(floor), report.Median(ours)
	p99 := report.MedianRatio(floor, ours, func(f report.Figure) float64 { return float64(f.P99) })
	t.speed.Add(work.what, report.Count(f.Rate), report.Count(o.Rate), ratio(report.MedianRatio(floor, ours, rateOf)), work.goal,
		report.Milliseconds(f.P50, f.P99), report.Milliseconds(o.P50, o.P99), ratio(p99))
	t.cost.Add(work.what, times(f.CPU, o.CPU), times(f.Postgres, o.Postgres), times(f.Redis, o.Redis),
		report.Pair(f.Allocs, o.Allocs), report.Pair(f.Bytes, o.Bytes))
}

func (t httpTables) print(b *bench) error {
	title := fmt.Sprintf("Requests over %d connections, access log on; median of %d rounds of %s.", b.plan.conns, b.plan.rounds, b.plan.duration)
	if err := b.print(title, t.speed); err != nil {
		return err
	}
	return b.print("What they cost.", t.cost)
}

// lossTables are what is printed of registrations with a relay at work, whose floor is the same with none.
type lossTables struct{ speed, cost *report.Table }

func newLossTables() lossTables {
	return lossTables{
		speed: report.NewTable("registrations", "floor/s", "ours/s", "ratio", "loss", "goal", "floor p50/p99 ms", "ours p50/p99 ms"),
		cost:  report.NewTable("a registration, floor / ours", "program CPU µs", "PostgreSQL CPU µs", "NATS CPU µs"),
	}
}

func (t lossTables) add(what string, floor, ours []report.Figure) {
	f, o := report.Median(floor), report.Median(ours)
	kept := report.MedianRatio(floor, ours, rateOf)
	t.speed.Add(what, report.Count(f.Rate), report.Count(o.Rate), ratio(kept), fmt.Sprintf("%.0f %%", (1-kept)*100), "≤ 15 %",
		report.Milliseconds(f.P50, f.P99), report.Milliseconds(o.P50, o.P99))
	t.cost.Add(what, times(f.CPU, o.CPU), times(f.Postgres, o.Postgres), times(f.NATS, o.NATS))
}

func times(floor, ours time.Duration) string {
	return report.Pair(report.Microseconds(floor), report.Microseconds(ours))
}

func (t lossTables) print(b *bench) error {
	const title = "Registrations while a relay publishes their events. Floor: of the service, publication paused, when its relay looks for " +
		"work and finds none; of the transaction alone, no relay."
	if err := b.print(title, t.speed); err != nil {
		return err
	}
	return b.print("What they cost.", t.cost)
}
