package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime/pprof"
	"time"

	"github.com/menjin-id/menjin/bench/outbox"
	"github.com/menjin-id/menjin/bench/report"
)

// writers register users as fast as they can.
const writers = 32

// measureWriters is about what a relay at work takes from those who write. The floor's events are published by nobody, and
// it has a database of its own, so that none of them is left to be published.
func (b *bench) measureWriters(ctx context.Context) error {
	if !b.plan.wants("writers") {
		return nil
	}
	unrelayed, err := b.openOutbox(ctx, "writers_floor")
	if err != nil {
		return err
	}
	defer unrelayed.Close()
	relayed, err := b.openOutbox(ctx, "writers")
	if err != nil {
		return err
	}
	defer relayed.Close()
	if err := warmUp(ctx, unrelayed, relayed); err != nil {
		return err
	}
	var floor, ours []report.Figure
	var did []outbox.Relayed
	for round := range b.plan.rounds {
		progress("%d writers, round %d of %d", writers, round+1, b.plan.rounds)
		alone := func() error {
			figure, err := unrelayed.Saturate(ctx, writers, b.plan.duration)
			floor = append(floor, figure)
			return err
		}
		beside := func() error {
			figure, relay, err := relayed.SaturateRelayed(ctx, writers, b.plan.duration)
			ours, did = append(ours, figure), append(did, relay)
			return err
		}
		if err := inTurn(round, alone, beside); err != nil {
			return err
		}
		progress("  alone %s/s, with a relay %s/s, all published %s ms after the last commit",
			report.Count(floor[round].Rate), report.Count(ours[round].Rate), report.Millisecond(did[round].Behind))
	}
	if err := b.profileWriters(ctx, relayed); err != nil {
		return err
	}
	return b.printWriters(floor, ours, did)
}

func warmUp(ctx context.Context, unrelayed, relayed *outbox.Bench) error {
	const length = 300 * time.Millisecond
	if _, err := unrelayed.Saturate(ctx, writers, length); err != nil {
		return err
	}
	_, _, err := relayed.SaturateRelayed(ctx, writers, length)
	return err
}

// inTurn does both, in an order that changes from round to round.
func inTurn(round int, one, other func() error) error {
	if round%2 == 1 {
		one, other = other, one
	}
	if err := one(); err != nil {
		return err
	}
	return other()
}

func (b *bench) printWriters(floor, ours []report.Figure, did []outbox.Relayed) error {
	f, o := report.Median(floor), report.Median(ours)
	speed := report.NewTable("registrations", "floor/s", "ours/s", "ratio", "loss", "goal", "floor p50/p99 ms", "ours p50/p99 ms", "all published")
	kept := report.MedianRatio(floor, ours, rateOf)
	speed.Add(fmt.Sprintf("%d writers", writers), report.Count(f.Rate), report.Count(o.Rate), ratio(kept),
		fmt.Sprintf("%.0f %%", (1-kept)*100), "≤ 15 %",
		report.Milliseconds(f.P50, f.P99), report.Milliseconds(o.P50, o.P99), "after "+report.Millisecond(slowest(did))+" ms")
	if err := b.print("Registrations while a relay publishes their events. Floor: the same with no relay at work.", speed); err != nil {
		return err
	}
	cost := report.NewTable("a registration, floor / ours", "writers and relay CPU µs", "PostgreSQL CPU µs", "NATS CPU µs", "events a batch")
	cost.Add(fmt.Sprintf("%d writers", writers), times(f.CPU, o.CPU), times(f.Postgres, o.Postgres), times(f.NATS, o.NATS),
		report.Count(did[len(did)-1].Batch))
	return b.print("What they cost.", cost)
}

// slowest is of the round in which the relay was furthest behind.
func slowest(did []outbox.Relayed) (behind time.Duration) {
	for _, relay := range did {
		behind = max(behind, relay.Behind)
	}
	return behind
}

func times(floor, ours time.Duration) string {
	return report.Pair(report.Microseconds(floor), report.Microseconds(ours))
}

// profileWriters repeats the load, writers and relay in one profile, and does not count it.
func (b *bench) profileWriters(ctx context.Context, relayed *outbox.Bench) error {
	if b.plan.profiles == "" {
		return nil
	}
	path := filepath.Join(b.plan.profiles, "writers.prof")
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := pprof.StartCPUProfile(file); err != nil {
		return err
	}
	_, _, err = relayed.SaturateRelayed(ctx, writers, b.plan.duration)
	pprof.StopCPUProfile()
	if err == nil {
		progress("  profile in %s", path)
	}
	return err
}
