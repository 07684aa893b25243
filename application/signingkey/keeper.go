// Package signingkey keeps the keys of access tokens: all replicas use the same ones, they are replaced every ninety days, and no
// valid token dies of it.
package signingkey

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/menjin-id/menjin/ports"
)

const (
	rotateAfter = 90 * 24 * time.Hour
	reloadEvery = time.Minute
	// A new key signs only when every replica, and whoever keeps the published keys for a while, has had time to learn it.
	publishedBefore = 10 * time.Minute
	slack           = time.Hour // for clocks, beyond the life of a token
)

// Keeper loads the keys into the ring and rotates them.
type Keeper struct {
	store    ports.SigningKeys
	ring     ports.KeyRing
	tokenTTL time.Duration
	now      ports.Clock
	log      *slog.Logger
}

// NewKeeper makes a Keeper for tokens that live for tokenTTL.
func NewKeeper(store ports.SigningKeys, ring ports.KeyRing, tokenTTL time.Duration, now ports.Clock, log *slog.Logger) *Keeper {
	return &Keeper{store, ring, tokenTTL, now, log}
}

// Load brings the stored keys into the ring, and makes the first one when there is none. The service needs it once before it
// answers.
func (k *Keeper) Load(ctx context.Context) error {
	keys, err := k.store.All(ctx)
	if err != nil {
		return fmt.Errorf("read signing keys: %w", err)
	}
	if len(keys) == 0 {
		if err := k.add(ctx, ""); err != nil {
			return err
		}
		if keys, err = k.store.All(ctx); err != nil {
			return fmt.Errorf("read signing keys: %w", err)
		}
	}
	now := k.now()
	keys = slices.DeleteFunc(keys, func(key ports.SigningKey) bool {
		return !key.RetiresAt.IsZero() && !now.Before(key.RetiresAt)
	})
	if err := k.ring.Use(keys, signing(keys, now)); err != nil {
		return fmt.Errorf("use signing keys: %w", err)
	}
	return nil
}

// signing chooses the newest key that was published long enough, or the oldest when none was.
func signing(keys []ports.SigningKey, now time.Time) string {
	for _, key := range keys {
		if !now.Before(key.CreatedAt.Add(publishedBefore)) {
			return key.ID
		}
	}
	return keys[len(keys)-1].ID
}

// Rotate makes a key that signs after it was published for a while. The keys before it verify as long as tokens they signed
// live.
func (k *Keeper) Rotate(ctx context.Context) error {
	keys, err := k.store.All(ctx)
	if err != nil {
		return fmt.Errorf("read signing keys: %w", err)
	}
	newest := ""
	if len(keys) > 0 {
		newest = keys[0].ID
	}
	if err := k.add(ctx, newest); err != nil {
		return err
	}
	return k.Load(ctx)
}

func (k *Keeper) add(ctx context.Context, newest string) error {
	now := k.now()
	next, err := k.ring.Generate(now)
	if err != nil {
		return fmt.Errorf("make signing key: %w", err)
	}
	added, err := k.store.Rotate(ctx, newest, next, now.Add(publishedBefore+k.tokenTTL+slack))
	if err != nil {
		return fmt.Errorf("keep signing key: %w", err)
	}
	if added {
		k.log.InfoContext(ctx, "made a signing key", "kid", next.ID)
	}
	return nil
}

// Run follows what other replicas and the command line do to the keys, and rotates them when they are due, until ctx ends.
func (k *Keeper) Run(ctx context.Context) error {
	ticker := time.NewTicker(reloadEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		if err := k.refresh(ctx); err != nil && ctx.Err() == nil {
			k.log.WarnContext(ctx, "signing keys cannot be read for now; those known go on", "error", err)
		}
	}
}

func (k *Keeper) refresh(ctx context.Context) error {
	keys, err := k.store.All(ctx)
	if err != nil {
		return fmt.Errorf("read signing keys: %w", err)
	}
	if len(keys) > 0 && k.now().Sub(keys[0].CreatedAt) >= rotateAfter {
		return k.Rotate(ctx)
	}
	return k.Load(ctx)
}
