package part

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/menjin-id/menjin/ports"
)

// gapped widens the gap between the stream's acknowledgement and the commit that takes events out of the queue, in which a
// crash leaves events published and waiting at once.
type gapped struct {
	ports.EventStream
	longest time.Duration
}

// Publish is ports.EventStream's.
func (s gapped) Publish(
	ctx context.Context, recorded ports.StreamPosition, events []ports.OutboxEvent,
) (ports.StreamPosition, error) {
	position, err := s.EventStream.Publish(ctx, recorded, events)
	if err == nil && s.longest > 0 {
		select {
		case <-ctx.Done():
		case <-time.After(rand.N(s.longest)):
		}
	}
	return position, err
}
