package outbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/menjin-id/menjin/ports"
)

const (
	batchSize    = 500
	pollShortest = 250 * time.Millisecond
	pollLongest  = time.Second
	firstDelay   = 50 * time.Millisecond
	longestDelay = 30 * time.Second
	lastDrain    = 5 * time.Second  // for what is left when the service stops
	stepLimit    = 20 * time.Second // for one step, so that a database that never answers holds nobody
)

// Relay publishes the events that wait in the outbox, in order for each user, until the stream has acknowledged them.
type Relay struct {
	queue     ports.OutboxQueue
	stream    ports.EventStream
	reconcile *Reconcile
	hints     ports.RelayHints
	wake      Signal
	now       ports.Clock
	log       *slog.Logger
}

// progress is what a run has seen so far.
type progress struct {
	failures  int         // in a row, of whichever shard; what is published of any begins anew
	shards    map[int]int // failures in a row of each, until something of it is published
	gathering gathering
}

// NewRelay makes the use case. wake is given after each commit of this process that appended events.
func NewRelay(
	queue ports.OutboxQueue, stream ports.EventStream, reconcile *Reconcile, hints ports.RelayHints, wake Signal,
	now ports.Clock, log *slog.Logger,
) *Relay {
	return &Relay{queue, stream, reconcile, hints, wake, now, log}
}

// Run works until ctx ends, then publishes what was committed before, for at most a few seconds. No failure ends it: the
// events go on waiting, and it tries again with growing pauses.
func (r *Relay) Run(ctx context.Context) error {
	seen := &progress{shards: make(map[int]int)}
	for {
		// A batch under way is brought to its end, whatever happens to ctx: it is bounded by its own deadline.
		rest := r.step(context.WithoutCancel(ctx), ctx, seen)
		if ctx.Err() != nil {
			break
		}
		if rest.pause > 0 && !r.wait(ctx, rest) {
			break
		}
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastDrain)
	defer cancel()
	for seen.failures = 0; ctx.Err() == nil && seen.failures == 0; {
		if rest := r.step(ctx, ctx, seen); rest.pause > 0 && !rest.meant {
			break
		}
	}
	return nil
}

// rest is a pause after a batch. Work that is announced ends it, unless it is meant.
type rest struct {
	pause time.Duration
	meant bool
}

// step drains one batch and returns how to rest after it. What a failure calls for may take longer than a batch, and ends with the
// service.
func (r *Relay) step(ctx, service context.Context, seen *progress) rest {
	ctx, cancel := context.WithTimeout(ctx, stepLimit)
	defer cancel()
	began := time.Now()
	drained, err := r.queue.Drain(ctx, batchSize, r.stream.Publish)
	if err != nil {
		return rest{r.recover(service, drained, err, seen), true}
	}
	if drained.Events > 0 {
		if seen.failures > 0 {
			r.log.InfoContext(ctx, "events are published again", "failures", seen.failures)
		}
		seen.failures = 0
		delete(seen.shards, drained.Shard)
	}
	now := time.Now()
	switch {
	case drained.Full:
		return rest{}
	case drained.Events > 0 && seen.gathering.after(drained, now.Sub(began), now):
		return rest{gatherFor, true}
	case drained.More:
		return rest{}
	}
	if drained.Busy {
		r.hints.Hint() // whoever works the shard may have looked before our commit
	}
	return rest{pollShortest + rand.N(pollLongest-pollShortest), false}
}

// recover decides what follows a failure. An event that the stream will never store is set aside, and what the stream has
// lost is put back, at once. After any other failure all replicas leave the shard alone for a while, and the relay rests as long
// unless other shards are published meanwhile.
func (r *Relay) recover(ctx context.Context, drained ports.Drained, failure error, seen *progress) time.Duration {
	mended, err := r.mend(ctx, failure)
	if err == nil && mended {
		return 0
	}
	failure = errors.Join(failure, err)
	failures := seen.failures
	if drained.Events > 0 {
		failures = seen.shards[drained.Shard]
		seen.shards[drained.Shard]++
	}
	delay := backOff(failures)
	pause := min(delay, firstDelay<<min(seen.failures, 16))
	seen.failures++
	r.log.WarnContext(ctx, "events cannot be published for now", "error", failure, "waiting", drained.Events, "next_try_in", delay)
	if drained.Events > 0 {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stepLimit)
		defer cancel()
		if err := r.queue.Delay(ctx, drained.Shard, r.now().Add(delay)); err != nil {
			r.log.WarnContext(ctx, "outbox shard cannot be delayed", "error", err)
		}
	}
	return pause
}

// mend removes the cause of a failure where it can be removed.
func (r *Relay) mend(ctx context.Context, failure error) (mended bool, err error) {
	if rejected, ok := errors.AsType[*ports.RejectedError](failure); ok {
		err := r.bury(ctx, rejected)
		return err == nil, err
	}
	return r.reconcile.mend(ctx, failure)
}

func (r *Relay) bury(ctx context.Context, rejected *ports.RejectedError) error {
	ctx, cancel := context.WithTimeout(ctx, stepLimit)
	defer cancel()
	if err := r.queue.Bury(ctx, rejected.Event, rejected.Reason, r.now()); err != nil {
		return fmt.Errorf("set rejected event aside: %w", err)
	}
	r.log.ErrorContext(ctx, "event set aside as a dead letter; the user's later events are held",
		"event_id", rejected.Event.String(), "cause", rejected.Reason)
	return nil
}

func (r *Relay) wait(ctx context.Context, rest rest) (goOn bool) {
	timer := time.NewTimer(rest.pause)
	defer timer.Stop()
	wake, hints := (<-chan struct{})(r.wake), r.hints.Hints()
	if rest.meant {
		wake, hints = nil, nil
	}
	select {
	case <-ctx.Done():
		return false
	case <-wake:
	case <-hints:
	case <-timer.C:
	}
	return true
}

// backOff doubles from firstDelay to longestDelay, and takes off up to a half at random so that replicas spread.
func backOff(failures int) time.Duration {
	delay := min(firstDelay<<min(failures, 16), longestDelay)
	return delay - rand.N(delay/2)
}
