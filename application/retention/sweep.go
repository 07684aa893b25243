// Package retention keeps what grows from growing for ever.
package retention

import (
	"context"
	"log/slog"
	"time"

	"github.com/menjin-id/menjin/ports"
)

const (
	sweepEvery = 10 * time.Minute
	chunk      = 1000
)

// Rule says how long an archive keeps its rows.
type Rule struct {
	Name    string // for the log
	Archive ports.Archive
	Keep    time.Duration
}

// Sweep deletes what nobody needs any more, in chunks, so that nobody else waits for it.
type Sweep struct {
	rules []Rule
	now   ports.Clock
	log   *slog.Logger
}

// NewSweep makes the use case.
func NewSweep(rules []Rule, now ports.Clock, log *slog.Logger) *Sweep { return &Sweep{rules, now, log} }

// Run sweeps at once and then every ten minutes, until ctx ends. A failure is logged and tried again the next time.
func (uc *Sweep) Run(ctx context.Context) error {
	ticker := time.NewTicker(sweepEvery)
	defer ticker.Stop()
	for {
		for _, rule := range uc.rules {
			uc.apply(ctx, rule)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

func (uc *Sweep) apply(ctx context.Context, rule Rule) {
	var total int64
	for ctx.Err() == nil {
		count, err := rule.Archive.Sweep(ctx, uc.now().Add(-rule.Keep), chunk)
		total += count
		if err != nil {
			if ctx.Err() == nil {
				uc.log.WarnContext(ctx, "old rows cannot be deleted for now", "table", rule.Name, "error", err)
			}
			return
		}
		if count < chunk {
			break
		}
	}
	if total > 0 {
		uc.log.InfoContext(ctx, "old rows deleted", "table", rule.Name, "rows", total)
	}
}
