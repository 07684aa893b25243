package sqlstore

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/menjin-id/menjin/internal/testserver/promtest"
	"github.com/menjin-id/menjin/ports"
)

func TestBatchesAreCountedByOutcome(t *testing.T) {
	t.Parallel()
	o := NewOutbox(nil, OutboxOptions{})
	o.metrics.drained(time.Millisecond, 0, nil) // nothing waited
	o.metrics.drained(time.Millisecond, 7, nil)
	o.metrics.drained(time.Millisecond, 7, fmt.Errorf("publish: %w", &ports.RejectedError{}))
	o.metrics.drained(time.Millisecond, 7, fmt.Errorf("publish: %w", &ports.RewoundError{}))
	o.metrics.drained(time.Millisecond, 0, errors.New("the database is away"))
	for _, outcome := range []string{"published", "rejected", "rewound", "failed"} {
		if got := promtest.Value(t, o.Metrics(), "menjin_relay_batch_duration_seconds", "outcome", outcome); got != 1 {
			t.Errorf("%s: got %v, want 1", outcome, got)
		}
	}
	if got := promtest.Value(t, o.Metrics(), "menjin_relay_batch_events"); got != 3 {
		t.Errorf("batches with events: got %v, want 3", got)
	}
}
