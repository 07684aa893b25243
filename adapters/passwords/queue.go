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
}

func newQueue(workers, waiting int) *queue {
	return &queue{waiting: make(chan struct{}, workers+waiting), working: make(chan struct{}, workers)}
}

// do runs work once it is its turn. The error matches domain.ErrUnavailable when there is no room to wait, or ctx ended first.
func (q *queue) do(ctx context.Context, work func()) error {
	select {
	case q.waiting <- struct{}{}:
	default:
		return fmt.Errorf("too many passwords at once: %w", domain.ErrUnavailable.After(retryAfter))
	}
	defer func() { <-q.waiting }()
	if err := ctx.Err(); err != nil {
		return tooLate(err)
	}
	select {
	case q.working <- struct{}{}:
	case <-ctx.Done():
		return tooLate(ctx.Err())
	}
	defer func() { <-q.working }()
	work()
	return nil
}

func tooLate(cause error) error {
	return fmt.Errorf("wait for a password's turn: %w: %w", domain.ErrUnavailable.After(retryAfter), cause)
}
