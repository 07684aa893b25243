package datakey

import (
	"context"
	"time"

	"github.com/menjin-id/menjin/ports"
)

// pass looks at every row once, and returns how many are to be looked at again.
func (uc *Reencrypt) pass(
	ctx context.Context, phase ports.IndexPhase, pause time.Duration, progress func(Progress),
) (left int, err error) {
	total, err := uc.rows.Count(ctx)
	if err != nil {
		return 0, err
	}
	at, p, broken := ports.RowPlace{}, Progress{Index: phase, Total: total}, 0
	for end := false; !end; {
		brought, err := uc.rows.Bring(ctx, at, chunk)
		if err != nil {
			return 0, err
		}
		at, end = brought.Next, brought.End
		p.Seen, p.Changed = p.Seen+int64(brought.Seen), p.Changed+int64(brought.Changed)
		left, broken = left+brought.Left, broken+brought.Broken
		progress(p)
		if err := sleep(ctx, pause); err != nil {
			return 0, err
		}
	}
	if broken > 0 {
		return 0, BrokenRows{int64(broken)}
	}
	if p.Changed > 0 {
		uc.log.InfoContext(ctx, "brought rows to the newest data keys", "rows", p.Changed, "of", p.Seen, "index_phase", int(phase))
	}
	return left, nil
}

func sleep(ctx context.Context, span time.Duration) error {
	if span <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(span)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
