package datakey

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/menjin-id/menjin/ports"
)

const (
	chunk     = 500
	leftPause = 100 * time.Millisecond // before rows are looked at again that somebody held
)

// ReencryptOptions tune re-encryption. Keep must be set.
type ReencryptOptions struct {
	// Keep is how long a replaced field key opens on, as sessions outside of the database may need it: their greatest age.
	Keep time.Duration
	// Settle is how long a change of keys is let settle before rows are brought to it, 90 s if zero: longer than any replica
	// works with what it knew before, a transaction at work included.
	Settle time.Duration
	// Pause is between two chunks of rows in the background, 50 ms if zero.
	Pause time.Duration
}

// Reencrypt brings rows to the newest keys while others work with them, takes the replacement of the index key from phase to
// phase, and lets keys go that nothing needs. Any number of it may run at once, and each may be cut off at any time: what is
// done is seen by the rows.
type Reencrypt struct {
	keeper  *Keeper
	rows    ports.SealedRows
	options ReencryptOptions
	now     ports.Clock
	newID   ports.NewID
	log     *slog.Logger
}

// NewReencrypt makes the use case.
func NewReencrypt(
	keeper *Keeper, rows ports.SealedRows, options ReencryptOptions, now ports.Clock, newID ports.NewID, log *slog.Logger,
) *Reencrypt {
	if options.Settle == 0 {
		options.Settle = 3 * freshFor
	}
	if options.Pause == 0 {
		options.Pause = 50 * time.Millisecond
	}
	return &Reencrypt{keeper, rows, options, now, newID, log}
}

// Progress says how far a run is.
type Progress struct {
	Wait    time.Duration // until rows are looked at: a change of keys settles
	Index   ports.IndexPhase
	Total   int64 // rows, about
	Seen    int64 // in this pass
	Changed int64 // in this pass
}

// BrokenRows is the error of a run that met rows whose fields do not open. They keep old keys from going.
type BrokenRows struct{ Count int64 }

func (e BrokenRows) Error() string {
	return fmt.Sprintf("%d rows have fields that do not open: they were damaged or moved, or a key of theirs is lost", e.Count)
}

// Do works until no row is on an old key and no index is between two, or ctx ends. It tells of each chunk, and of each wait.
func (uc *Reencrypt) Do(ctx context.Context, progress func(Progress)) error {
	for {
		wait, done, err := uc.step(ctx, 0, progress)
		if done || err != nil {
			return err
		}
		if wait > leftPause {
			progress(Progress{Wait: wait, Index: uc.keeper.Plan().Index})
		}
		if err := sleep(ctx, wait); err != nil {
			return err
		}
	}
}

// step does what can be done at once: it is done, or has to wait, or has brought the rows to a change and made the next one.
func (uc *Reencrypt) step(
	ctx context.Context, pause time.Duration, progress func(Progress),
) (wait time.Duration, done bool, err error) {
	if err := uc.keeper.refresh(ctx); err != nil {
		return 0, false, err
	}
	at := uc.keeper.known.Load()
	if !uc.due(at.plan) {
		return 0, true, nil
	}
	if wait := uc.settling(at); wait > 0 {
		return wait, false, nil
	}
	left, err := uc.pass(ctx, at.plan.Index, pause, progress)
	switch {
	case err != nil:
		return 0, false, err
	case left > 0:
		return leftPause, false, nil
	}
	return 0, false, uc.conclude(ctx, at)
}

// due reports whether there is anything to do.
func (uc *Reencrypt) due(plan ports.DataKeyPlan) bool {
	return plan.Index != ports.IndexSteady || plan.Cleaned != plan.Newest().ID || len(uc.kept(plan)) < len(plan.Fields)
}

// kept are the field keys without those that were replaced so long ago that no session needs them.
func (uc *Reencrypt) kept(plan ports.DataKeyPlan) (kept []ports.FieldKey) {
	for i, key := range plan.Fields {
		last := i == len(plan.Fields)-1
		if last || uc.now().Before(plan.Fields[i+1].SealsFrom.Add(uc.options.Keep+uc.options.Settle)) {
			kept = append(kept, key)
		}
	}
	return kept
}

// settling is how long some replica may still work with what it knew before. That is measured from when this process learned
// of the change, as the clock of the one who made it may be wrong.
func (uc *Reencrypt) settling(at *known) time.Duration {
	return max(uc.options.Settle-time.Since(at.since), at.plan.Newest().SealsFrom.Add(uc.options.Settle).Sub(uc.now()))
}

// conclude makes the change that follows when every row has been brought to what is known, unless there has been another.
func (uc *Reencrypt) conclude(ctx context.Context, at *known) error {
	return uc.keeper.change(ctx, func(plan *ports.DataKeyPlan) bool {
		if uc.keeper.known.Load().version != at.version {
			return false
		}
		plan.Cleaned = plan.Newest().ID
		plan.Fields = uc.kept(*plan)
		if plan.Index != ports.IndexSteady {
			plan.Index = (plan.Index + 1) % (ports.IndexClosing + 1)
		}
		return true
	})
}
