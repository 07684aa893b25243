package wechat

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// A token that WeChat gives again after refusing it is believed for this long, else each call would fetch.
const doubtfulFor = 30 * time.Second

var errClosed = &fault{what: "client closed", failure: domain.ErrUnavailable, health: unclear}

// tokenKeeper has the access_token of one mini-program for all who call at once. It fetches in a goroutine of its own, of
// which there is one at most, so that nobody's leaving ends the fetch for the others.
type tokenKeeper struct {
	// obtain gets a token, other than the one refused where it does not come from WeChat itself.
	obtain func(ctx context.Context, refused domain.Secret) (ports.SharedToken, error)
	limit  time.Duration // of a flight; more than a fetch may take
	now    ports.Clock
	log    *slog.Logger
	app    domain.AppID

	metrics *metrics

	running sync.WaitGroup
	mu      sync.Mutex // guards what follows
	token   ports.SharedToken
	refused domain.Secret // the latest that WeChat refused, until there is another one
	flight  *tokenFlight
	failed  tokenFailure
	closed  bool
}

// get returns a token that is in force as far as is known; it waits only when there is none. The error is a *unanswered when
// ctx ended first, else what became of the fetch.
func (k *tokenKeeper) get(ctx context.Context) (domain.Secret, error) {
	token, flight, err := k.look()
	if flight != nil {
		token, err = flight.wait(ctx)
	}
	k.metrics.used(flight != nil, err)
	return token, err
}

// look returns a token, or the flight that will bring one, or why there is neither. A token near its end is served while a
// flight is under way.
func (k *tokenKeeper) look() (domain.Secret, *tokenFlight, error) {
	now := k.now()
	k.mu.Lock()
	defer k.mu.Unlock()
	valid := !k.token.Value.IsZero() && now.Before(k.token.ExpiresAt)
	if valid && now.Before(staleAt(k.token)) {
		return k.token.Value, nil, nil
	}
	if k.flight == nil && !k.closed && !k.failed.holds(now) {
		k.start()
	}
	switch {
	case valid:
		return k.token.Value, nil, nil
	case k.flight != nil:
		return domain.Secret{}, k.flight, nil
	case k.closed:
		return domain.Secret{}, nil, errClosed
	default:
		return domain.Secret{}, nil, k.failed.err
	}
}

// drop forgets a token that WeChat refused, unless there is another one already or WeChat has just insisted on it.
func (k *tokenKeeper) drop(token domain.Secret) {
	now := k.now()
	k.mu.Lock()
	defer k.mu.Unlock()
	if token.IsZero() || !token.Equal(k.token.Value) {
		return
	}
	if age := now.Sub(k.token.FetchedAt); token.Equal(k.refused) && age >= 0 && age < doubtfulFor {
		return
	}
	k.token, k.refused = ports.SharedToken{}, token
}

// close ends the flight under way and waits for it. There are none afterwards.
func (k *tokenKeeper) close() {
	k.mu.Lock()
	k.closed = true
	if k.flight != nil {
		k.flight.cancel()
	}
	k.mu.Unlock()
	k.running.Wait()
}
