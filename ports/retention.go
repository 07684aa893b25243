package ports

import (
	"context"
	"time"
)

// Archive is something that grows and is swept. Needed by the sweeper.
type Archive interface {
	// Sweep deletes at most limit rows that nobody needs after an instant, the oldest first, and returns how many.
	Sweep(ctx context.Context, before time.Time, limit int) (int64, error)
}
