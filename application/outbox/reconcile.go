package outbox

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

const (
	reconcileEvery = time.Minute
	mendLimit      = 15 * time.Minute // for putting back what the stream has lost, which may be everything that is kept
	// overlap is how many events before a place in the stream are published again: as many as may have been under way, in any
	// order between users.
	overlap = 2000
	// longestDetour is how much later than events made at the same time one may reach the stream, because its transaction was
	// slow, its shard was held by a relay that stood still, or its shard was delayed. It is the stream's duplicate window too:
	// what is published again of a time so short is not stored twice.
	longestDetour = 10 * time.Minute
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
	settled, err := uc.settled(ctx, intact.Sequence)
	if err != nil {
		return 0, fmt.Errorf("read intact events: %w", err)
	}
	count, err := uc.ledger.Requeue(ctx, settled, overlap, intact)
	if err != nil {
		return 0, fmt.Errorf("requeue events: %w", err)
	}
	uc.log.WarnContext(ctx, "the stream has lost events; they are published again", "events", count, "intact_sequence", intact.Sequence)
	uc.wake.Give()
	return count, nil
}

// mend puts back what the stream has lost, where a failure tells that it has lost something.
func (uc *Reconcile) mend(ctx context.Context, failure error) (mended bool, err error) {
	rewound, ok := errors.AsType[*ports.RewoundError](failure)
	if !ok {
		return false, nil
	}
	ctx, cancel := context.WithTimeout(ctx, mendLimit)
	defer cancel()
	_, err = uc.From(ctx, rewound.Intact)
	return err == nil, err
}

// settled returns an event such that none made before it can have been published behind a sequence: one made longestDetour
// before the one that lies there. It is zero when the stream is too young to tell. Ids order events by the time they were
// made, as far as they are worth asking for: an event that was published late only leads further back.
func (uc *Reconcile) settled(ctx context.Context, sequence uint64) (domain.EventID, error) {
	last, err := uc.stream.EventAt(ctx, sequence)
	if err != nil || last.IsZero() {
		return domain.EventID{}, err
	}
	for step := uint64(1); step < sequence; step *= 2 {
		event, err := uc.stream.EventAt(ctx, sequence-step)
		if err != nil || event.IsZero() || madeAt(last).Sub(madeAt(event)) >= longestDetour {
			return event, err
		}
	}
	return domain.EventID{}, nil
}

// madeAt reads the time from an id of version 7.
func madeAt(id domain.EventID) time.Time {
	var milliseconds [8]byte
	copy(milliseconds[2:], id.ID[:6])
	return time.UnixMilli(int64(binary.BigEndian.Uint64(milliseconds[:])))
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
