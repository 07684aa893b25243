package datakey

import (
	"context"
	"errors"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// Run follows what other replicas and the command line do to the keys, and replaces them when they are due, until ctx ends.
func (k *Keeper) Run(ctx context.Context) error {
	ticker := time.NewTicker(reloadEvery)
	defer ticker.Stop()
	var rest backoff
	var again time.Time // when keys may be replaced once more
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		if err := k.refresh(ctx); err != nil {
			k.warn(ctx, err)
			continue
		}
		if time.Now().Before(again) {
			continue
		}
		if err := k.replaceDue(ctx); err != nil && ctx.Err() == nil {
			pause := rest.longer()
			again = time.Now().Add(pause)
			k.log.ErrorContext(ctx, "data keys that are due are not replaced; those there are go on", "error", err, "again_in", pause)
			continue
		}
		rest = backoff{}
	}
}

// warn leaves out refusals of the master key, which were told where they were met.
func (k *Keeper) warn(ctx context.Context, err error) {
	switch _, refused := errors.AsType[refusal](err); {
	case refused, ctx.Err() != nil:
	case errors.Is(err, domain.ErrUnavailable):
		k.log.WarnContext(ctx, "newer data keys cannot be looked for; those known go on", "error", err)
	default:
		k.log.ErrorContext(ctx, "newer data keys cannot be used; those known go on", "error", err)
	}
}

// replaceDue replaces the field key, and the index key when every row has been brought to the newest field key.
func (k *Keeper) replaceDue(ctx context.Context) error {
	plan := k.known.Load().plan
	if k.now().Sub(plan.Newest().MadeAt) >= rotateAfter {
		return k.RotateFields(ctx, rotateAfter)
	}
	if !k.indexDue(plan) {
		return nil
	}
	_, err := k.replaceIndex(ctx, k.indexDue)
	return err
}

func (k *Keeper) indexDue(plan ports.DataKeyPlan) bool {
	return plan.Index == ports.IndexSteady && plan.Cleaned == plan.Newest().ID && k.now().Sub(plan.IndexAt) >= rotateAfter
}
