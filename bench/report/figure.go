// Package report turns what was measured in several rounds into medians, and medians into tables.
package report

import (
	"slices"
	"time"
)

// Figure is what one round showed of one program.
type Figure struct {
	Rate     float64 // per second
	P50, P99 time.Duration

	// For each piece of work, negative where it is unknown: the program's CPU time, that of the servers it used, and what
	// the program allocated.
	CPU, Postgres, Redis, NATS time.Duration
	Allocs, Bytes              float64
}

// Median takes the middle of each column by itself.
func Median(rounds []Figure) Figure {
	return Figure{
		Rate:     middle(rounds, func(f Figure) float64 { return f.Rate }),
		P50:      middleTime(rounds, func(f Figure) time.Duration { return f.P50 }),
		P99:      middleTime(rounds, func(f Figure) time.Duration { return f.P99 }),
		CPU:      middleTime(rounds, func(f Figure) time.Duration { return f.CPU }),
		Postgres: middleTime(rounds, func(f Figure) time.Duration { return f.Postgres }),
		Redis:    middleTime(rounds, func(f Figure) time.Duration { return f.Redis }),
		NATS:     middleTime(rounds, func(f Figure) time.Duration { return f.NATS }),
		Allocs:   middle(rounds, func(f Figure) float64 { return f.Allocs }),
		Bytes:    middle(rounds, func(f Figure) float64 { return f.Bytes }),
	}
}

// MedianRatio is the middle of the ratios within each round, which a machine that is slow for a while leaves alone.
func MedianRatio(floor, ours []Figure, of func(Figure) float64) float64 {
	ratios := make([]float64, min(len(floor), len(ours)))
	for i := range ratios {
		ratios[i] = of(ours[i]) / of(floor[i])
	}
	return middleOf(ratios)
}

func middle(rounds []Figure, of func(Figure) float64) float64 {
	values := make([]float64, len(rounds))
	for i, round := range rounds {
		values[i] = of(round)
	}
	return middleOf(values)
}

func middleTime(rounds []Figure, of func(Figure) time.Duration) time.Duration {
	return time.Duration(middle(rounds, func(f Figure) float64 { return float64(of(f)) }))
}

func middleOf(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	half := len(values) / 2
	if len(values)%2 == 1 {
		return values[half]
	}
	return (values[half-1] + values[half]) / 2
}
