package subscriber

import (
	"cmp"
	"context"
	"errors"
	"time"
)

const (
	defaultAttempts = 10        // of a handler that panics, where nothing else is asked for
	warnEvery       = time.Hour // one line about a crowded window in so much time
)

// history is how often an event failed here. It is forgotten with the consumer's pin.
type history struct {
	failures, panics int
	since            time.Time // the first failure
}

func (h *history) note(err error, now time.Time) {
	if h.failures++; h.failures == 1 {
		h.since = now
	}
	if _, panicked := errors.AsType[panicError](err); panicked {
		h.panics++
	}
}

// hopeless tells whether an event is given up after this error. What may pass by itself counts by time: while a database is
// away every event fails, and a number of attempts, whatever its size, would give them up one after the other.
func (o *Options) hopeless(h history, err error, now time.Time) bool {
	switch {
	case isPermanent(err), o.MaxAttempts > 0 && h.failures >= o.MaxAttempts:
		return true
	case h.panics >= cmp.Or(o.MaxAttempts, defaultAttempts):
		return true
	}
	return o.GiveUpAfter > 0 && now.Sub(h.since) >= o.GiveUpAfter
}

// panicError is what a handler's panic becomes.
type panicError struct{ error }

// crowd is what failing events hold of the window.
type crowd struct{ events, users int }

// warnOfCrowd says now and then that failing events are about to fill the window. NATS counts what is given back as
// unacknowledged, so no lane can be kept from filling it, and when it is full nobody's events come any more.
func (s *Subscriber) warnOfCrowd(ctx context.Context, c crowd) {
	now, last := time.Now(), s.crowded.Load()
	if 2*c.events < s.options.Window || (last != nil && now.Sub(*last) < warnEvery) || !s.crowded.CompareAndSwap(last, &now) {
		return
	}
	s.options.Log.ErrorContext(ctx, "failing events and those behind them hold much of the window; when it is full, nobody's events come",
		"consumer", s.name, "events", c.events, "window", s.options.Window, "users", c.users)
}
