package personal

import (
	"context"
	"errors"
	"fmt"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// Forget lets go of what was told of a user who is deleted, once the last event is on the stream: it alone stays, and tells
// subscribers who come later.
type Forget struct {
	stream ports.StreamEraser
	events ports.EventEraser
}

// NewForget makes the use case.
func NewForget(stream ports.StreamEraser, events ports.EventEraser) *Forget {
	return &Forget{stream, events}
}

// Do takes the version of the user's last event, or one beyond it for a user of whom nothing is to stay, as they were merged into
// the one who is deleted. It may be repeated, and must be after an error: ports.ErrEventsWait is one, for as long as a relay
// that died has yet to publish something, which the stream is then to lose again.
func (uc *Forget) Do(ctx context.Context, user domain.UserID, below int64) error {
	// The events first: what is still kept of them could come back to the stream.
	waits := uc.events.Forget(ctx, user, below)
	if waits != nil && !errors.Is(waits, ports.ErrEventsWait) {
		return fmt.Errorf("forget events of a deleted user: %w", waits)
	}
	if err := uc.stream.Purge(ctx, user); err != nil {
		return fmt.Errorf("purge stream of a deleted user: %w", err)
	}
	return waits
}
