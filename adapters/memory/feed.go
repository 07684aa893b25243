package memory

import (
	"context"
	"sync"
	"time"

	"github.com/menjin-id/menjin/ports"
)

// RevocationFeed is a ports.RevocationFeed of the events given to Publish.
type RevocationFeed struct {
	mu      sync.Mutex
	pending []ports.SessionEnding
	arrived chan struct{}
}

// NewRevocationFeed returns a feed without events.
func NewRevocationFeed() *RevocationFeed {
	return &RevocationFeed{arrived: make(chan struct{}, 1)}
}

// Publish adds an event to the feed.
func (f *RevocationFeed) Publish(ending ports.SessionEnding) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.pending = append(f.pending, ending)
	select {
	case f.arrived <- struct{}{}:
	default:
	}
}

// Follow is part of ports.RevocationFeed. One caller at a time gets every event.
func (f *RevocationFeed) Follow(ctx context.Context, end func(ctx context.Context, ending ports.SessionEnding) error) error {
	again := time.NewTicker(5 * time.Millisecond) // for what end failed to handle
	defer again.Stop()
	for {
		for _, ending := range f.take() {
			if ctx.Err() != nil || end(ctx, ending) != nil {
				f.putBack(ending)
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-f.arrived:
		case <-again.C:
		}
	}
}

func (f *RevocationFeed) take() []ports.SessionEnding {
	f.mu.Lock()
	defer f.mu.Unlock()
	taken := f.pending
	f.pending = nil
	return taken
}

func (f *RevocationFeed) putBack(ending ports.SessionEnding) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.pending = append(f.pending, ending)
}

// RelayHints is the ports.RelayHints of one of two replicas.
type RelayHints struct {
	mine, theirs chan struct{}
}

// NewRelayHints returns the hints of two replicas.
func NewRelayHints() (one, other *RelayHints) {
	first, second := make(chan struct{}, 1), make(chan struct{}, 1)
	return &RelayHints{mine: first, theirs: second}, &RelayHints{mine: second, theirs: first}
}

// Hint is part of ports.RelayHints.
func (h *RelayHints) Hint() {
	select {
	case h.theirs <- struct{}{}:
	default:
	}
}

// Hints is part of ports.RelayHints.
func (h *RelayHints) Hints() <-chan struct{} { return h.mine }
