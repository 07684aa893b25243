package memory

import (
	"context"
	"sync"
	"time"

	"github.com/menjin-id/menjin/ports"
)

// Limiter is a ports.RateLimiter.
type Limiter struct {
	outage

	mu    sync.Mutex
	until map[string]time.Time // when a key owes nothing any more
}

// NewLimiter returns a limiter that counted nothing yet.
func NewLimiter() *Limiter { return &Limiter{until: map[string]time.Time{}} }

// Take is part of ports.RateLimiter.
func (l *Limiter) Take(ctx context.Context, key string, rate ports.Rate, now time.Time) (wait time.Duration, err error) {
	if err := l.down(ctx); err != nil {
		return 0, err
	}
	if rate.Burst == 0 {
		return 0, nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	until := l.until[key]
	if until.Before(now) {
		until = now
	}
	until = until.Add(rate.Per / time.Duration(rate.Burst))
	if wait := until.Sub(now) - rate.Per; wait > 0 {
		return wait, nil
	}
	l.until[key] = until
	return 0, nil
}

// Attempts is a ports.AttemptCounter.
type Attempts struct {
	outage

	mu    sync.Mutex
	tries map[string]tries
}

type tries struct {
	count int
	last  time.Time
}

const (
	freeTries   = 5
	firstWait   = 2 * time.Second
	longestWait = 15 * time.Minute
	forgotten   = time.Hour
)

// NewAttempts returns a counter that counted nothing yet.
func NewAttempts() *Attempts { return &Attempts{tries: map[string]tries{}} }

// wait is how long the next try has to wait after the last.
func (t tries) wait() time.Duration {
	if t.count <= freeTries {
		return 0
	}
	wait := firstWait
	for range t.count - freeTries - 1 {
		wait = min(2*wait, longestWait)
	}
	return wait
}

// Try is part of ports.AttemptCounter.
func (a *Attempts) Try(ctx context.Context, key string, now time.Time) (wait time.Duration, err error) {
	if err := a.down(ctx); err != nil {
		return 0, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	made := a.tries[key]
	if now.Sub(made.last) >= forgotten {
		made = tries{}
	}
	if wait := made.wait() - now.Sub(made.last); made.count > freeTries && wait > 0 {
		return wait, nil
	}
	a.tries[key] = tries{made.count + 1, now}
	return 0, nil
}

// Clear is part of ports.AttemptCounter.
func (a *Attempts) Clear(ctx context.Context, key string) error {
	if err := a.down(ctx); err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.tries, key)
	return nil
}
