package passwords

import (
	"context"
	"fmt"
	"time"

	"github.com/menjin-id/menjin/domain"
)

// retryAfter is what those are told for whom there is no room: by then a good part of a full queue has gone.
const retryAfter = 2 * time.Second

// queue lets a few work at once and a bounded number wait.
type queue struct {
	waiting chan struct{} // those who work among them
	working chan struct{}
	metrics *metrics
}

func newQueue(workers, waiting int) *queue {
	return &queue{
		waiting: make(chan struct{}, workers+waiting), working: make(chan struct{}, workers), metrics: newMetrics(),
	}
}

// do runs work once it is its turn. The error matches domain.ErrUnavailable when there is no room to wait, or ctx ended first.
func (q *queue) do(ctx context.Context, work func()) error {
	select {
	case q.waiting <- struct{}{}:
	default:
		q.metrics.full.Inc()
		return fmt.Errorf("too many passwords at once: %w", domain.ErrUnavailable.After(retryAfter))
	}
	defer func() { <-q.waiting }()
	if err := ctx.Err(); err != nil {
		return q.tooLate(err)
	}
	began := time.Now()
	select {
	case q.working <- struct{}{}:
	case <-ctx.Done():
		return q.tooLate(ctx.Err())
	}
	defer func() { <-q.working }()
	q.metrics.waited.Observe(time.Since(began).Seconds())
	q.metrics.time(work)
	return nil
}

func (q *queue) tooLate(cause error) error {
	q.metrics.late.Inc()
	return fmt.Errorf("wait for a password's turn: %w: %w", domain.ErrUnavailable.After(retryAfter), cause)
}
