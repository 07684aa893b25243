package storm

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/menjin-id/menjin/chaos/careless"
	"github.com/menjin-id/menjin/chaos/stage"
	"github.com/menjin-id/menjin/chaos/writer"
)

// holdingGap is how long the first replica stays with a shard whose events are acknowledged, at most and as far as it may.
const holdingGap = 10 * time.Minute

// Replicas are a relay that holds the only shard, in the gap before its commit, and one that waits for it.
type Replicas struct {
	stage   *stage.Stage
	servers *servers
}

// NewReplicas starts them, on servers of their own. Close ends everything.
func NewReplicas(ctx context.Context, lease time.Duration) (*Replicas, error) {
	s, err := stage.New()
	if err != nil {
		return nil, err
	}
	settings := &Settings{
		Shards: 1, Lease: lease, Gap: holdingGap, Unsafe: careless.Careful,
		Writers: writer.Settings{Writers: 1, Rate: 20},
	}
	target, err := newServers(ctx, s, settings)
	if err == nil {
		err = target.startRelays(ctx, s, 1)
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	return &Replicas{s, target}, nil
}

// Close ends everything.
func (r *Replicas) Close() { r.stage.Close() }

// Kill ends the replica that holds the shard.
func (r *Replicas) Kill() error {
	r.servers.relays[0].Kill()
	return nil
}

// Pause makes the replica that holds the shard stand still.
func (r *Replicas) Pause() error { return r.servers.relays[0].Pause() }

// TakeOver waits until the first replica holds the shard with events in it, loses it, starts the second, and returns how long it
// takes from the loss until nothing waits.
func (r *Replicas) TakeOver(ctx context.Context, lose func(*Replicas) error) (time.Duration, error) {
	database, err := r.servers.database()
	if err != nil {
		return 0, err
	}
	defer database.Close()
	if err := await(ctx, "the shard to be held", func() (bool, error) {
		held, err := database.Number(ctx, `SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND state = 'idle in transaction' AND state_change < clock_timestamp() - interval '200 milliseconds'`)
		return held > 0, err
	}); err != nil {
		return 0, err
	}
	began := time.Now()
	if err := lose(r); err != nil { // at once: it holds the shard for half its lease
		return 0, err
	}
	if err := r.servers.stopWriting(); err != nil {
		return 0, err
	}
	pending, err := database.Pending(ctx)
	if err != nil {
		return 0, err
	}
	if pending == 0 {
		return 0, errors.New("the shard was given back before its relay was lost")
	}
	r.servers.settings.Faults = []string{} // no gap for this one
	if err := r.servers.startRelays(ctx, r.stage, 1); err != nil {
		return 0, err
	}
	err = await(ctx, "the other replica to publish", func() (bool, error) {
		pending, err := database.Pending(ctx)
		return pending == 0, err
	})
	return time.Since(began), err
}

func await(ctx context.Context, what string, done func() (bool, error)) error {
	for {
		if over, err := done(); over || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for %s: %w", what, ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}
