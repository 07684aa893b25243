package datakey

import (
	"context"
	"errors"
	"time"

	"github.com/menjin-id/menjin/domain"
)

const (
	workEvery  = 10 * time.Second
	claimFor   = time.Minute
	claimAgain = claimFor / 3
	// brokenPause keeps rows that do not open from being read again and again.
	brokenPause = time.Hour
)

// Run re-encrypts in the background when there is something to do, one replica at a time and with pauses, so that nobody else
// waits for it, until ctx ends.
func (uc *Reencrypt) Run(ctx context.Context) error {
	me, pause, rest := uc.newID(), workEvery, backoff{}
	for {
		if sleep(ctx, pause) != nil {
			return nil
		}
		err := uc.work(ctx, me)
		_, broken := errors.AsType[BrokenRows](err)
		switch {
		case err == nil:
			pause, rest = workEvery, backoff{}
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, domain.ErrUnavailable):
			pause = workEvery
			if _, refused := errors.AsType[refusal](err); !refused { // which the keeper has told
				uc.log.WarnContext(ctx, "rows cannot be brought to the newest data keys for now", "error", err)
			}
		case broken:
			pause = brokenPause
			uc.log.ErrorContext(ctx, "old data keys cannot go", "error", err)
		default: // a pass may be behind it, which is not to be repeated in vain
			pause = rest.longer()
			uc.log.ErrorContext(ctx, "rows are not brought to the newest data keys", "error", err, "again_in", pause)
		}
	}
}

// work does what can be done without waiting for a change to settle, as long as this process has the claim.
func (uc *Reencrypt) work(ctx context.Context, me domain.ID) error {
	for {
		at := uc.keeper.known.Load()
		if !uc.due(at.plan) || uc.settling(at) > 0 {
			return nil
		}
		if claimed, err := uc.claim(ctx, me); err != nil || !claimed {
			return err
		}
		until := time.Now().Add(claimAgain)
		wait, done, err := uc.step(ctx, uc.options.Pause, func(Progress) {
			if time.Now().After(until) {
				_, _ = uc.claim(ctx, me) // who has lost it does no harm, and notices after the pass
				until = time.Now().Add(claimAgain)
			}
		})
		if done || err != nil || wait > 0 {
			return err
		}
	}
}

func (uc *Reencrypt) claim(ctx context.Context, me domain.ID) (bool, error) {
	now := uc.now()
	return uc.rows.Claim(ctx, me, now, now.Add(claimFor))
}
