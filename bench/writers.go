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

// measureWriters is about what a relay at work takes from those who write: through the service, and from the transactions alone.
func (b *bench) measureWriters(ctx context.Context) error {
	if !b.plan.wants("writers") {
		return nil
	}
	tables := newLossTables()
	if err := b.measureRegistrations(ctx, tables); err != nil {
		return err
	}
	if err := b.measureTransactions(ctx, tables); err != nil {
		return err
	}
	return tables.print(b)
}

// measureTransactions registers users without a service. The floor's events are published by nobody, and it has a database of
// its own, so that none of them is left to be published.
func (b *bench) measureTransactions(ctx context.Context, tables lossTables) error {
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
	for round := range b.plan.rounds {
		progress("%d writers, round %d of %d", writers, round+1, b.plan.rounds)
		alone := func() error {
			figure, err := unrelayed.Saturate(ctx, writers, b.plan.duration)
			floor = append(floor, figure)
			return err
		}
		beside := func() error {
			figure, did, err := relayed.SaturateRelayed(ctx, writers, b.plan.duration)
			ours = append(ours, figure)
			progress("  in batches of %s, the last published %s ms after the last commit", report.Count(did.Batch), report.Millisecond(did.Behind))
			return err
		}
		if err := inTurn(round, alone, beside); err != nil {
			return err
		}
		progress("  alone %s/s, with a relay %s/s", report.Count(floor[round].Rate), report.Count(ours[round].Rate))
	}
	tables.add(fmt.Sprintf("the transaction alone, %d writers", writers), floor, ours)
	return b.profileWriters(ctx, relayed)
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
