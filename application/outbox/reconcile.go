package outbox

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

const (
	reconcileEvery = time.Minute
	// overlap is how many events before the stream's last are published again: as many as may have been under way, in any
	// order between users, when the stream lost its tail.
	overlap = 2000
)

// Reconcile compares what was published with what the stream holds. An acknowledgement is no fsync, and a stream may be
// restored from a copy or made anew: whatever it has lost of the events still kept waits again.
type Reconcile struct {
	ledger ports.OutboxLedger
	stream ports.EventStream
	wake   Signal
	log    *slog.Logger
}

// NewReconcile makes the use case.
func NewReconcile(ledger ports.OutboxLedger, stream ports.EventStream, wake Signal, log *slog.Logger) *Reconcile {
	return &Reconcile{ledger, stream, wake, log}
}

// Do looks whether the stream ends before the recorded position and returns how many events wait again. Doing it twice, or
// in several replicas, is harmless: the stream knows the events it still has.
func (uc *Reconcile) Do(ctx context.Context) (int64, error) {
	recorded, err := uc.ledger.Position(ctx)
	if err != nil {
		return 0, fmt.Errorf("read recorded position: %w", err)
	}
	if recorded == (ports.StreamPosition{}) {
		return 0, nil
	}
	tail, err := uc.stream.Tail(ctx)
	if err != nil {
		return 0, fmt.Errorf("read end of stream: %w", err)
	}
	switch {
	case tail.Stream != recorded.Stream:
		return uc.From(ctx, ports.StreamPosition{Stream: tail.Stream})
	case tail.Sequence < recorded.Sequence:
		return uc.From(ctx, tail)
	default:
		return 0, nil
	}
}

// From makes every event wait again that a stream which is intact up to a position may have lost, and returns how many.
func (uc *Reconcile) From(ctx context.Context, intact ports.StreamPosition) (int64, error) {
	var last domain.EventID
	if intact.Sequence > 0 {
		var err error
		if last, err = uc.stream.EventAt(ctx, intact.Sequence); err != nil {
			return 0, fmt.Errorf("read last intact event: %w", err)
		}
	}
	count, err := uc.ledger.Requeue(ctx, last, overlap, intact)
	if err != nil {
		return 0, fmt.Errorf("requeue events: %w", err)
	}
	uc.log.WarnContext(ctx, "the stream has lost events; they are published again", "events", count, "intact_sequence", intact.Sequence)
	uc.wake.Give()
	return count, nil
}

// Run reconciles at once, each minute, and whenever reconnected is given, until ctx ends.
func (uc *Reconcile) Run(ctx context.Context, reconnected <-chan struct{}) error {
	ticker := time.NewTicker(reconcileEvery)
	defer ticker.Stop()
	for {
		if _, err := uc.Do(ctx); err != nil && ctx.Err() == nil {
			uc.log.WarnContext(ctx, "stream cannot be compared with the outbox for now", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		case <-reconnected:
		}
	}
}
