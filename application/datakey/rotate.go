package datakey

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/menjin-id/menjin/ports"
)

// changeTries is how often a change is begun anew because another replica changed the keys in between.
const changeTries = 5

// maxFieldKeys are those of ten years, the longest that a session lives, and fit into what a master key wraps.
const maxFieldKeys = 48

// ErrTooManyFieldKeys is matched when there is no room for another field key.
var ErrTooManyFieldKeys = fmt.Errorf("there are %d field keys, and no more are made: old ones go by themselves when everything is "+
	"re-encrypted and no session needs them any more", maxFieldKeys)

// ErrIndexChanging is matched when the index key cannot be replaced, as it is just being replaced.
var ErrIndexChanging = errors.New("the index key is being replaced already; that ends by itself")

// Plan returns what the data keys in use are for.
func (k *Keeper) Plan() ports.DataKeyPlan { return clone(k.known.Load().plan) }

// Version returns which version of the data keys is in use, and the name of the master key that wraps it.
func (k *Keeper) Version() (version int64, master string) {
	at := k.known.Load()
	return at.version, at.master
}

// RotateFields makes a field key that seals soon, unless the newest is younger than an age. The error matches
// ErrTooManyFieldKeys where there are too many already.
func (k *Keeper) RotateFields(ctx context.Context, age time.Duration) error {
	made, full := false, false
	err := k.change(ctx, func(plan *ports.DataKeyPlan) bool {
		now := k.now()
		due := now.Sub(plan.Newest().MadeAt) >= age
		full = due && len(plan.Fields) >= maxFieldKeys
		if made = due && !full; made {
			plan.Fields = append(plan.Fields, ports.FieldKey{MadeAt: now, SealsFrom: now.Add(k.options.PublishedBefore)})
		}
		return made
	})
	if err == nil && full {
		return ErrTooManyFieldKeys
	}
	if err == nil && made {
		k.log.InfoContext(ctx, "made a field key", "id", k.Plan().Newest().ID)
	}
	return err
}

// RotateIndex begins to replace the index key, which takes some minutes of whoever re-encrypts. The error matches
// ErrIndexChanging where that is under way.
func (k *Keeper) RotateIndex(ctx context.Context) error {
	begun, err := k.replaceIndex(ctx, func(plan ports.DataKeyPlan) bool { return plan.Index == ports.IndexSteady })
	if err == nil && !begun {
		return ErrIndexChanging
	}
	return err
}

// replaceIndex begins to replace the index key where the newest plan is so that it may.
func (k *Keeper) replaceIndex(ctx context.Context, may func(ports.DataKeyPlan) bool) (begun bool, err error) {
	err = k.change(ctx, func(plan *ports.DataKeyPlan) bool {
		if begun = may(*plan); begun {
			plan.Index, plan.IndexAt = ports.IndexFilling, k.now()
		}
		return begun
	})
	if err == nil && begun {
		k.log.InfoContext(ctx, "made an index key")
	}
	return begun, err
}

// Rewrap has the data keys, which stay the same, wrapped by the configured master key as it is now.
func (k *Keeper) Rewrap(ctx context.Context) error {
	return k.change(ctx, func(*ports.DataKeyPlan) bool { return true })
}

// change keeps the keys that follow a changed plan, and uses them. An update that returns false changes nothing. It may be
// called again, with what another replica made of the plan.
func (k *Keeper) change(ctx context.Context, update func(plan *ports.DataKeyPlan) bool) error {
	for range changeTries {
		if err := k.refresh(ctx); err != nil {
			return err
		}
		now := k.known.Load()
		plan := clone(now.plan)
		if !update(&plan) {
			return nil
		}
		keys, err := k.ring.Apply(now.keys, plan)
		if err != nil {
			return fmt.Errorf("change data keys: %w", err)
		}
		put, err := k.put(ctx, now.version+1, keys)
		if err != nil {
			return err
		}
		if put {
			return k.refresh(ctx)
		}
	}
	return errors.New("change data keys: others keep changing them")
}

func clone(plan ports.DataKeyPlan) ports.DataKeyPlan {
	plan.Fields = slices.Clone(plan.Fields)
	return plan
}
