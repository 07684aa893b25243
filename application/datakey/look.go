package datakey

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/menjin-id/menjin/domain"
)

// errNoKeys is of a database that has none yet.
var errNoKeys = errors.New("there are no data keys")

// look is one look for newer keys. It is shared by all who want one while it lasts.
type look struct {
	began time.Time
	done  chan struct{} // closed when err is known
	err   error
}

// noLook is before the first, and over.
func noLook() *look {
	l := &look{done: make(chan struct{})}
	close(l.done)
	return l
}

func (l *look) over() bool {
	select {
	case <-l.done:
		return true
	default:
		return false
	}
}

// wait returns what came of a look. The error matches domain.ErrUnavailable where that is not known by the end of ctx.
func (l *look) wait(ctx context.Context) error {
	select {
	case <-l.done:
	case <-ctx.Done():
		if !l.over() {
			return fmt.Errorf("%w: looking for newer data keys: %w", domain.ErrUnavailable, ctx.Err())
		}
	}
	return l.err
}

// briefly is for requests, which bring no context of their own: nobody waits longer than waitTime for a look, and nobody at
// all for one that has lasted that long already.
func (l *look) briefly() error {
	ctx, cancel := context.WithDeadline(context.Background(), l.began.Add(waitTime))
	defer cancel()
	return l.wait(ctx)
}

func (k *Keeper) newest() *look {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.looking
}

// after returns the look that began after another one, which is over, and begins it where nobody has.
func (k *Keeper) after(before *look) *look {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.looking == before {
		k.looking = &look{began: time.Now(), done: make(chan struct{})}
		go k.run(k.looking)
	}
	return k.looking
}

// run ends within lookTime, and with it a look that nobody waits for any more.
func (k *Keeper) run(l *look) {
	ctx, cancel := context.WithTimeout(context.Background(), lookTime)
	defer cancel()
	if l.err = k.adopt(ctx); l.err == nil {
		k.looked.Store(&l.began)
	} else if ctx.Err() != nil && !errors.Is(l.err, domain.ErrUnavailable) {
		l.err = fmt.Errorf("%w: %w", domain.ErrUnavailable, l.err)
	}
	close(l.done)
}

// refresh looks for newer keys, from now on.
func (k *Keeper) refresh(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*lookTime)
	defer cancel()
	before := k.newest()
	if err := before.wait(ctx); !before.over() {
		return err
	}
	return k.after(before).wait(ctx)
}

// Fresh is ports.DataKeySource's.
func (k *Keeper) Fresh() error {
	if k.isFresh() {
		return nil
	}
	last := k.newest()
	switch {
	case !last.over():
		return last.briefly()
	case last.err != nil && time.Since(last.began) < lookEvery:
		return last.err // who comes after a look that failed does not try once more, one after the other
	default:
		return k.after(last).briefly()
	}
}

func (k *Keeper) isFresh() bool {
	looked := k.looked.Load()
	return looked != nil && time.Since(*looked) < k.options.FreshFor
}

// Look is ports.DataKeySource's.
func (k *Keeper) Look() error {
	before := k.newest()
	if err := before.briefly(); !before.over() {
		return err
	}
	time.Sleep(lookEvery - time.Since(before.began))
	return k.after(before).briefly()
}

// adopt uses the stored keys where they are not in use already.
func (k *Keeper) adopt(ctx context.Context) error {
	stored, err := k.store.Newest(ctx)
	if err != nil {
		return fmt.Errorf("read data keys: %w", err)
	}
	if stored.Version == 0 {
		return errNoKeys
	}
	before := k.known.Load()
	if before != nil && before.version == stored.Version {
		return nil
	}
	keys, err := k.unwrap(ctx, stored)
	if err != nil && before != nil {
		return k.goOn(ctx, stored.Master, err)
	}
	if err != nil {
		return err
	}
	plan, err := k.ring.Plan(keys)
	if err != nil {
		return fmt.Errorf("read data keys: %w", err)
	}
	if err := k.ring.Use(keys, k); err != nil {
		return fmt.Errorf("use data keys: %w", err)
	}
	k.known.Store(&known{version: stored.Version, master: stored.Master, keys: keys, plan: plan, since: time.Now()})
	return nil
}

// goOn makes newer keys that the master key does not unwrap, which it did before, an outage: whoever needs them is asked to come
// back, and whoever does not goes on.
func (k *Keeper) goOn(ctx context.Context, wrappedBy string, err error) error {
	refused, ok := errors.AsType[refusal](err)
	if !ok {
		return err
	}
	if !refused.again {
		k.log.ErrorContext(ctx, "the newest data keys cannot be unwrapped: fields open on, but whoever has to be found by one is answered "+
			"as in an outage", "wrapped_by", wrappedBy, "error", err)
	}
	return fmt.Errorf("%w: %w", domain.ErrUnavailable, err)
}
