package outbox

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/menjin-id/menjin/ports"
)

const (
	replayChunk   = 500
	replayPause   = 2 * time.Second // between looks when there is nothing to do
	replayPauseBy = 500 * time.Millisecond
)

// Replays carries out the replays that were asked for, a chunk at a time and beside the relay, which never waits for them.
type Replays struct {
	queue     ports.ReplayQueue
	stream    ports.EventReplayer
	reconcile *Reconcile
	log       *slog.Logger
}

// NewReplays makes the use case.
func NewReplays(queue ports.ReplayQueue, stream ports.EventReplayer, reconcile *Reconcile, log *slog.Logger) *Replays {
	return &Replays{queue, stream, reconcile, log}
}

// Run works until ctx ends. No failure ends it: the replay stays where it is and goes on later.
func (uc *Replays) Run(ctx context.Context) error {
	for failures := 0; ; {
		// A chunk under way is brought to its end, whatever happens to ctx: it is bounded by its own deadline.
		pause := uc.step(context.WithoutCancel(ctx), ctx, &failures)
		if ctx.Err() != nil {
			return nil
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
		}
	}
}

// step sends one chunk and returns how long to pause after it. It counts failures in a row. What the stream has lost is put back
// at once, which may take longer than a chunk, and ends with the service.
func (uc *Replays) step(ctx, service context.Context, failures *int) time.Duration {
	ctx, cancel := context.WithTimeout(ctx, stepLimit)
	defer cancel()
	worked, err := uc.queue.Continue(ctx, replayChunk, uc.stream.Replay)
	if err != nil {
		mended, mendErr := uc.reconcile.mend(service, err)
		if mended {
			return 0
		}
		err = errors.Join(err, mendErr)
		pause := backOff(*failures)
		*failures++
		uc.log.WarnContext(ctx, "events cannot be sent again for now", "error", err, "next_try_in", pause)
		return pause
	}
	*failures = 0
	if worked {
		return 0
	}
	return replayPause - replayPauseBy + rand.N(2*replayPauseBy)
}
