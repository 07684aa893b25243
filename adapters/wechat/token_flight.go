package wechat

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// How long a failed fetch speaks for those that would follow it, before chance makes it up to half as much again.
const (
	minQuiet = time.Second
	maxQuiet = time.Minute
)

// tokenFlight is a fetch under way. Its token and err are set when landed is closed.
type tokenFlight struct {
	landed chan struct{}
	cancel context.CancelFunc
	token  domain.Secret
	err    error
}

// wait returns what the flight brought, or a *unanswered when ctx ended first.
func (f *tokenFlight) wait(ctx context.Context) (domain.Secret, error) {
	select {
	case <-f.landed:
		return f.token, f.err
	case <-ctx.Done():
		return domain.Secret{}, &unanswered{cause: ctx.Err()}
	}
}

// tokenFailure is how the latest fetch failed, and for how long that is the answer.
type tokenFailure struct {
	err   error
	at    time.Time
	quiet time.Duration
}

// holds is false for a time before the failure, so that a clock put back does not prolong it.
func (f tokenFailure) holds(now time.Time) bool {
	since := now.Sub(f.at)
	return f.err != nil && since >= 0 && since < f.quiet
}

func (k *tokenKeeper) start() {
	ctx, cancel := context.WithTimeout(context.Background(), k.limit)
	flight := &tokenFlight{landed: make(chan struct{}), cancel: cancel}
	k.flight = flight
	k.running.Go(func() {
		defer cancel()
		k.fly(ctx, flight)
	})
}

func (k *tokenKeeper) fly(ctx context.Context, flight *tokenFlight) {
	for landed := false; !landed; {
		k.mu.Lock()
		refused := k.refused
		k.mu.Unlock()
		token, err := k.obtain(ctx, refused)
		landed = k.land(flight, refused, token, err)
	}
}

// land ends the flight, but not with a token that was refused while it was on its way.
func (k *tokenKeeper) land(flight *tokenFlight, known domain.Secret, token ports.SharedToken, err error) bool {
	now := k.now()
	k.mu.Lock()
	defer k.mu.Unlock()
	again := err == nil && token.Value.Equal(k.refused)
	if again && !known.Equal(k.refused) {
		return false
	}
	switch {
	case k.closed:
		flight.err = errClosed
	case err != nil:
		flight.err = err
		k.fail(now, err)
	default:
		flight.token, k.token, k.failed = token.Value, token, tokenFailure{}
		if !again {
			k.refused = domain.Secret{}
		}
	}
	k.flight = nil
	close(flight.landed)
	return true
}

func (k *tokenKeeper) fail(now time.Time, err error) {
	quiet := minQuiet
	if failure, ok := errors.AsType[*domain.Error](err); ok {
		quiet = min(max(quiet, failure.RetryAfter), maxQuiet)
	}
	k.failed = tokenFailure{err: err, at: now, quiet: quiet + rand.N(quiet/2)}
	if now.Before(k.token.ExpiresAt) {
		k.log.WarnContext(context.Background(), "WeChat access_token not renewed, the old one serves on",
			"app_id", string(k.app), "error", err, "expires_at", k.token.ExpiresAt)
	}
}
