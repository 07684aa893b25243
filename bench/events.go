package main

import (
	"context"
	"fmt"
	"time"

	"github.com/menjin-id/menjin/bench/outbox"
	"github.com/menjin-id/menjin/bench/report"
)

// measureOutbox is about the way of an event from its commit to the stream.
func (b *bench) measureOutbox(ctx context.Context) error {
	if !b.plan.wantsAny("latency", "drain") {
		return nil
	}
	table := report.NewTable("events", "floor/s", "ours/s", "ratio", "goal", "floor p50/p99 ms", "ours p50/p99 ms", "CPU µs floor/ours")
	if b.plan.wants("latency") {
		if err := b.measureLatency(ctx, table); err != nil {
			return err
		}
	}
	if b.plan.wants("drain") {
		if err := b.measureDrain(ctx, table); err != nil {
			return err
		}
	}
	return b.print("Events. Floor: the same messages published to JetStream, asynchronously, without an outbox.", table)
}

func (b *bench) openOutbox(ctx context.Context, name string) (*outbox.Bench, error) {
	urls, err := b.withDatabase(ctx, name)
	if err != nil {
		return nil, err
	}
	return outbox.Open(ctx, outbox.Servers{
		Database: urls.Database, NATS: urls.NATS, PostgresPID: b.postgres.PID, NATSPID: b.nats.PID,
	})
}

// latencyGoals are those of the rates that have one.
var latencyGoals = map[int]string{200: "p50 ≤ 1 ms, p99 ≤ 10 ms", 1000: "p50 ≤ 1 ms, p99 ≤ 10 ms"}

func (b *bench) measureLatency(ctx context.Context, table *report.Table) error {
	relayed, err := b.openOutbox(ctx, "latency")
	if err != nil {
		return err
	}
	defer relayed.Close()
	direct, err := b.openOutbox(ctx, "latency_floor")
	if err != nil {
		return err
	}
	defer direct.Close()
	if _, err := relayed.Latency(ctx, 200, 200*time.Millisecond); err != nil { // a warm-up, and messages for the floor
		return err
	}
	sample, err := relayed.Sample(ctx)
	if err != nil {
		return err
	}
	for _, rate := range []int{200, 1000, 5000} {
		var floor, ours []report.Figure
		for round := range b.plan.rounds {
			progress("commit to acknowledged at %d/s, round %d of %d", rate, round+1, b.plan.rounds)
			figure, err := direct.DirectLatency(ctx, rate, b.plan.duration, sample)
			if err != nil {
				return err
			}
			floor = append(floor, figure)
			if figure, err = relayed.Latency(ctx, rate, b.plan.duration); err != nil {
				return err
			}
			ours = append(ours, figure)
		}
		f, o := report.Median(floor), report.Median(ours)
		table.Add(fmt.Sprintf("commit → acknowledged, %d/s", rate), report.Count(f.Rate), report.Count(o.Rate), "", latencyGoals[rate],
			report.Milliseconds(f.P50, f.P99), report.Milliseconds(o.P50, o.P99), "")
	}
	return nil
}

func (b *bench) measureDrain(ctx context.Context, table *report.Table) error {
	drain, err := b.openOutbox(ctx, "drain")
	if err != nil {
		return err
	}
	defer drain.Close()
	progress("committing %d events to drain", b.plan.events)
	if err := drain.Fill(ctx, b.plan.events); err != nil {
		return err
	}
	var floor, ours []report.Figure
	for round := range b.plan.rounds {
		progress("drain, round %d of %d", round+1, b.plan.rounds)
		floorFigure, ourFigure, err := drain.Drain(ctx, b.plan.events)
		if err != nil {
			return err
		}
		progress("  floor %s/s, relay %s/s", report.Count(floorFigure.Rate), report.Count(ourFigure.Rate))
		floor, ours = append(floor, floorFigure), append(ours, ourFigure)
	}
	f, o := report.Median(floor), report.Median(ours)
	table.Add(fmt.Sprintf("drain of %s", report.Count(float64(b.plan.events))), report.Count(f.Rate), report.Count(o.Rate),
		ratio(report.MedianRatio(floor, ours, rateOf)), "≥ 25,000/s", "", "", report.Pair(report.Microseconds(f.CPU), report.Microseconds(o.CPU)))
	return nil
}
