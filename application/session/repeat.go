package session

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

const (
	repeatRetry = 200 * time.Millisecond
	repeatMost  = 100_000 // notices that wait; one that finds no room was handled once already
)

// Repeat is a ports.SessionFeed that hands on each notice of another once more some time after it was handled. A session store
// that copies itself asynchronously forgets its last writes when a copy takes over: a session that had just ended would be live
// again. What is done once more ends it for good, also where the store was away in between.
type Repeat struct {
	feed  ports.SessionFeed
	after []time.Duration
}

// NewRepeat repeats a feed after each of the given times, counted from when a notice was handled first.
func NewRepeat(feed ports.SessionFeed, after ...time.Duration) *Repeat { return &Repeat{feed, after} }

// Follow is part of ports.SessionFeed. What waits to be repeated when ctx ends is not.
func (r *Repeat) Follow(ctx context.Context, handle func(context.Context, ports.SessionNotice) error) error {
	ctx, cancel := context.WithCancel(ctx)
	var waiting sync.WaitGroup
	defer waiting.Wait()
	defer cancel()
	lines := make([]*line, len(r.after))
	for i, after := range r.after {
		lines[i] = &line{after: after, arrived: make(chan struct{}, 1)}
		waiting.Go(func() { lines[i].work(ctx, handle) })
	}
	return r.feed.Follow(ctx, func(ctx context.Context, notice ports.SessionNotice) error {
		if err := handle(ctx, notice); err != nil {
			return err
		}
		for _, line := range lines {
			line.add(notice)
		}
		return nil
	})
}

// line is notices that wait for the same time, and so in their order.
type line struct {
	after   time.Duration
	arrived chan struct{}

	mu      sync.Mutex
	waiting []repetition
}

type repetition struct {
	notice ports.SessionNotice
	due    time.Time
}

func (l *line) add(notice ports.SessionNotice) {
	due := time.Now().Add(l.after)
	l.mu.Lock()
	for _, part := range endings(notice) {
		if len(l.waiting) < repeatMost {
			l.waiting = append(l.waiting, repetition{part, due})
		}
	}
	l.mu.Unlock()
	select {
	case l.arrived <- struct{}{}:
	default:
	}
}

// endings are what a notice says of sessions: what else is let go of with a user stays gone.
func endings(notice ports.SessionNotice) []ports.SessionNotice {
	if !notice.Deleted {
		return []ports.SessionNotice{notice}
	}
	ends := []ports.SessionNotice{{EventID: notice.EventID, UserID: notice.UserID, Version: notice.Version}}
	for _, user := range notice.Also {
		ends = append(ends, ports.SessionNotice{EventID: notice.EventID, UserID: user, Version: beyondAll})
	}
	return ends
}

func (l *line) work(ctx context.Context, handle func(context.Context, ports.SessionNotice) error) {
	for {
		next, found := l.first()
		if !found {
			select {
			case <-ctx.Done():
				return
			case <-l.arrived:
			}
			continue
		}
		wait := time.Until(next.due)
		// What fails for another reason than a store that is away would hold up all that wait behind it.
		for pause(ctx, wait) && errors.Is(handle(ctx, next.notice), domain.ErrUnavailable) {
			wait = repeatRetry
		}
		if ctx.Err() != nil {
			return
		}
	}
}

func (l *line) first() (next repetition, found bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting) == 0 {
		l.waiting = nil // and what it grew to
		return next, false
	}
	next, l.waiting = l.waiting[0], l.waiting[1:]
	return next, true
}

// pause reports whether the time went by before ctx ended.
func pause(ctx context.Context, wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

var _ ports.SessionFeed = (*Repeat)(nil)
