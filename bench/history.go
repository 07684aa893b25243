package main

import (
	"context"
	"fmt"
	"time"

	"github.com/menjin-id/menjin/bench/outbox"
	"github.com/menjin-id/menjin/bench/report"
)

const (
	historyRate = 1000
	historyGoal = "p50 ≤ 3 ms"
)

// history is the relay beside published events that are kept. The floor is the relay of an empty database.
type history struct {
	empty, full *outbox.Bench
	table       *report.Table
	swept       int64
	release     func() // of the snapshot, once it is held
}

// measureHistory is about a table that has grown: what was published stays for days.
func (b *bench) measureHistory(ctx context.Context) error {
	if !b.plan.wants("retention") {
		return nil
	}
	h := &history{table: report.NewTable(fmt.Sprintf("commit → acknowledged, %s/s", report.Count(historyRate)),
		"events/s", "goal", "p50/p99 ms")}
	var err error
	if h.empty, err = b.openOutbox(ctx, "retention_floor"); err != nil {
		return err
	}
	defer h.empty.Close()
	if h.full, err = b.openOutbox(ctx, "retention"); err != nil {
		return err
	}
	defer h.full.Close()
	rows := report.Count(float64(b.plan.rows))
	progress("making %s published events", rows)
	err = h.full.FillHistory(ctx, b.plan.rows, func(done int) { progress("  %s", report.Count(float64(done))) })
	if err != nil {
		return err
	}
	defer func() {
		if h.release != nil {
			h.release()
		}
	}()
	steps := []struct {
		what    string
		measure func(context.Context, time.Duration) (report.Figure, error)
	}{
		{"an empty outbox (floor)", h.unburdened},
		{rows + " published events", h.grown},
		{"… while they are swept", h.beingSwept},
		{"… under a held snapshot", h.underSnapshot},
	}
	for _, step := range steps {
		if err := h.add(ctx, b.plan, step.what, step.measure); err != nil {
			return fmt.Errorf("%s: %w", step.what, err)
		}
	}
	return b.print(fmt.Sprintf("Events beside those that are kept. The sweep took %s of them meanwhile.", report.Count(float64(h.swept))), h.table)
}

func (h *history) add(ctx context.Context, plan plan, what string, measure func(context.Context, time.Duration) (report.Figure, error)) error {
	var figures []report.Figure
	for round := range plan.rounds {
		progress("%s, round %d of %d", what, round+1, plan.rounds)
		figure, err := measure(ctx, plan.duration)
		if err != nil {
			return err
		}
		progress("  p50/p99 %s ms", report.Milliseconds(figure.P50, figure.P99))
		figures = append(figures, figure)
	}
	figure := report.Median(figures)
	h.table.Add(what, report.Count(figure.Rate), historyGoal, report.Milliseconds(figure.P50, figure.P99))
	return nil
}

func (h *history) unburdened(ctx context.Context, length time.Duration) (report.Figure, error) {
	return h.empty.Latency(ctx, historyRate, length)
}

func (h *history) grown(ctx context.Context, length time.Duration) (report.Figure, error) {
	return h.full.Latency(ctx, historyRate, length)
}

func (h *history) beingSwept(ctx context.Context, length time.Duration) (report.Figure, error) {
	figure, swept, err := h.full.SweptLatency(ctx, historyRate, length)
	h.swept += swept
	return figure, err
}

// underSnapshot holds one snapshot through all rounds, and has many events go through before each: their dead rows, which
// nothing cleans up, are in the way.
func (h *history) underSnapshot(ctx context.Context, length time.Duration) (figure report.Figure, err error) {
	if h.release == nil {
		if h.release, err = h.full.HoldSnapshot(ctx); err != nil {
			return figure, err
		}
	}
	if _, _, err := h.full.SaturateRelayed(ctx, writers, 2*length); err != nil {
		return figure, err
	}
	return h.full.Latency(ctx, historyRate, length)
}
