package httpapi

import (
	"context"
	"sync"
	"time"
)

// deadline is the context of a request with the server's time limit. The timer of a limit is a good part of what a short
// request costs, so it is made for who waits on Done; most ask for the instant alone.
type deadline struct {
	parent context.Context
	at     time.Time

	mu      sync.Mutex
	limited context.Context // nil until somebody waits
	cancel  context.CancelFunc
	over    bool
}

var _ context.Context = (*deadline)(nil)

// Deadline is context.Context's.
func (d *deadline) Deadline() (time.Time, bool) {
	if earlier, ok := d.parent.Deadline(); ok && earlier.Before(d.at) {
		return earlier, true
	}
	return d.at, true
}

// Done is context.Context's.
func (d *deadline) Done() <-chan struct{} { return d.timed().Done() }

// Err is context.Context's.
func (d *deadline) Err() error {
	if current := d.current(); current != d.parent || current.Err() != nil {
		return current.Err()
	}
	if time.Now().Before(d.at) {
		return nil
	}
	return d.timed().Err()
}

// Value is context.Context's. Contexts made of this one find the timed one by it, and need no goroutine to watch it.
func (d *deadline) Value(key any) any { return d.current().Value(key) }

// end cancels, when the request is over, what was made of the context.
func (d *deadline) end() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.over = true
	if d.cancel != nil {
		d.cancel()
	}
}

func (d *deadline) current() context.Context {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.limited != nil {
		return d.limited
	}
	return d.parent
}

func (d *deadline) timed() context.Context {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.limited == nil {
		d.limited, d.cancel = context.WithDeadline(d.parent, d.at)
		if d.over {
			d.cancel()
		}
	}
	return d.limited
}
