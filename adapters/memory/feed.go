package memory

import (
	"context"
	"sync"
	"time"

	"github.com/menjin-id/menjin/ports"
)

// SessionFeed is a ports.SessionFeed of the events given to Publish.
type SessionFeed struct {
	mu      sync.Mutex
	pending []ports.SessionNotice
	arrived chan struct{}
}

// NewSessionFeed returns a feed without events.
func NewSessionFeed() *SessionFeed {
	return &SessionFeed{arrived: make(chan struct{}, 1)}
}

// Publish adds an event to the feed.
func (f *SessionFeed) Publish(notice ports.SessionNotice) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.pending = append(f.pending, notice)
	select {
	case f.arrived <- struct{}{}:
	default:
	}
}

// Follow is part of ports.SessionFeed. One caller at a time gets every event.
func (f *SessionFeed) Follow(ctx context.Context, handle func(ctx context.Context, notice ports.SessionNotice) error) error {
	again := time.NewTicker(5 * time.Millisecond) // for what handle failed to handle
	defer again.Stop()
	for {
		for _, notice := range f.take() {
			if ctx.Err() != nil || handle(ctx, notice) != nil {
				f.putBack(notice)
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

func (f *SessionFeed) take() []ports.SessionNotice {
	f.mu.Lock()
	defer f.mu.Unlock()
	taken := f.pending
	f.pending = nil
	return taken
}

func (f *SessionFeed) putBack(notice ports.SessionNotice) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.pending = append(f.pending, notice)
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
