package datakey

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

const (
	askTime   = 15 * time.Second // for an answer of the master key
	firstRest = time.Minute
	longRest  = time.Hour
)

// guard asks a master key one thing at a time, waits no longer than a call may take even where it does not heed its context,
// and rests after a refusal, longer each time: a token that is given a wrong PIN too often locks itself.
type guard struct {
	ports.MasterKey

	asking chan struct{} // holds one until the call before has returned

	mu      sync.Mutex
	refused error
	about   string // what alone was refused; empty: it would be anything
	until   time.Time
	rest    backoff
}

// refusal is the answer of a master key that can be reached and does not do it.
type refusal struct {
	error

	again bool // it was not asked, but had refused before
}

func (r refusal) Unwrap() error { return r.error }

func newGuard(master ports.MasterKey) *guard {
	return &guard{MasterKey: master, asking: make(chan struct{}, 1)}
}

// Wrap is ports.MasterKey's.
func (g *guard) Wrap(ctx context.Context, plain domain.Secret, associated []byte) ([]byte, error) {
	return ask(ctx, g, "", func(ctx context.Context) ([]byte, error) { return g.MasterKey.Wrap(ctx, plain, associated) })
}

// Unwrap is ports.MasterKey's.
func (g *guard) Unwrap(ctx context.Context, wrapped, associated []byte) (domain.Secret, error) {
	return ask(ctx, g, string(associated), func(ctx context.Context) (domain.Secret, error) {
		return g.MasterKey.Unwrap(ctx, wrapped, associated)
	})
}

func ask[T any](ctx context.Context, g *guard, about string, call func(context.Context) (T, error)) (T, error) {
	type answer struct {
		value T
		err   error
	}
	var none T
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	select {
	case g.asking <- struct{}{}:
	case <-ctx.Done():
		return none, fmt.Errorf("%w: the master key has not answered what it was asked before", domain.ErrUnavailable)
	}
	if err := g.resting(about); err != nil {
		<-g.asking
		return none, err
	}
	answered := make(chan answer, 1)
	go func() {
		value, err := call(ctx)
		answered <- answer{value, g.note(about, err)}
		<-g.asking
	}()
	select {
	case got := <-answered:
		return got.value, got.err
	case <-ctx.Done():
		return none, fmt.Errorf("%w: the master key does not answer: %w", domain.ErrUnavailable, ctx.Err())
	}
}

func (g *guard) resting(about string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.refused != nil && (g.about == "" || g.about == about) && time.Now().Before(g.until) {
		return refusal{g.refused, true}
	}
	return nil
}

// note remembers a refusal. What was not wrapped by this key is refused by itself, anything else may be as well.
func (g *guard) note(about string, err error) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case err == nil:
		g.refused, g.rest = nil, backoff{}
		return nil
	case errors.Is(err, domain.ErrUnavailable):
		return err
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%w: %w", domain.ErrUnavailable, err)
	}
	g.refused, g.about, g.until = err, "", time.Now().Add(g.rest.longer())
	if errors.Is(err, ports.ErrNotWrapped) {
		g.about = about
	}
	return refusal{err, false}
}

// backoff makes pauses that double. The zero value has made none.
type backoff struct{ last time.Duration }

func (b *backoff) longer() time.Duration {
	b.last = min(max(2*b.last, firstRest), longRest)
	return b.last
}
