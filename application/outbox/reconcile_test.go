package outbox_test

import (
	"context"
	"encoding/binary"
	"log/slog"
	"testing"
	"time"

	"github.com/menjin-id/menjin/application/outbox"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// steady is a stream that got an event each second.
type steady struct {
	ports.EventStream
	asked int
}

func (s *steady) EventAt(_ context.Context, sequence uint64) (domain.EventID, error) {
	s.asked++
	return idOf(time.Unix(int64(sequence), 0)), nil
}

// idOf is the id of an event that is made at an instant.
func idOf(at time.Time) (id domain.EventID) {
	var milliseconds [8]byte
	binary.BigEndian.PutUint64(milliseconds[:], uint64(at.UnixMilli()))
	copy(id.ID[:6], milliseconds[2:])
	id.ID[6] = 0x70
	return id
}

// requeued notes from where events are put back.
type requeued struct {
	ports.OutboxLedger
	after domain.EventID
}

func (r *requeued) Requeue(_ context.Context, after domain.EventID, _ int64, _ ports.StreamPosition) (int64, error) {
	r.after = after
	return 0, nil
}

func TestEventsArePutBackFromTenMinutesBeforeTheLastIntactOne(t *testing.T) {
	t.Parallel()
	const last = 100_000
	ledger, stream := &requeued{}, &steady{}
	reconcile := outbox.NewReconcile(ledger, stream, outbox.NewSignal(), slog.New(slog.DiscardHandler))
	if _, err := reconcile.From(t.Context(), ports.StreamPosition{Stream: "stream", Sequence: last}); err != nil {
		t.Fatal(err)
	}
	earliest, latest := idOf(time.Unix(last-1200, 0)), idOf(time.Unix(last-600, 0))
	if got := ledger.after.String(); got < earliest.String() || got > latest.String() {
		t.Errorf("put back after %s, want after one from %s to %s", got, earliest, latest)
	}
	if stream.asked > 20 {
		t.Errorf("asked the stream %d times", stream.asked)
	}
}

func TestAllEventsArePutBackWhenTheStreamIsYoung(t *testing.T) {
	t.Parallel()
	ledger := &requeued{after: idOf(time.Unix(1, 0))}
	reconcile := outbox.NewReconcile(ledger, &steady{}, outbox.NewSignal(), slog.New(slog.DiscardHandler))
	if _, err := reconcile.From(t.Context(), ports.StreamPosition{Stream: "stream", Sequence: 500}); err != nil {
		t.Fatal(err)
	}
	if !ledger.after.IsZero() {
		t.Errorf("put back after %s, want all", ledger.after)
	}
}
