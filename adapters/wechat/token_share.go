package wechat

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

const (
	shareLimit = 500 * time.Millisecond // of one question to the shared place
	sharePause = 50 * time.Millisecond  // between two looks for what another replica fetches
	shareWait  = 2 * time.Second        // until a replica fetches although another one is at it; WeChat gives both the same
)

// tokenShare gets a mini-program's access_token from the replica that has one, or else from WeChat, for all replicas.
type tokenShare struct {
	shared  ports.SharedTokens
	app     domain.AppID
	fetch   func(ctx context.Context) (ports.SharedToken, error)
	lockFor time.Duration // more than a fetch takes
	now     ports.Clock
	log     *slog.Logger
}

func (c *Client) newTokenKeeper(program *program, shared ports.SharedTokens) *tokenKeeper {
	fetch := func(ctx context.Context) (ports.SharedToken, error) { return c.fetchToken(ctx, program) }
	keeper := &tokenKeeper{app: program.id, limit: c.timeout + time.Second, now: c.now, log: c.log, metrics: c.metrics}
	if shared == nil {
		keeper.obtain = func(ctx context.Context, _ domain.Secret) (ports.SharedToken, error) { return fetch(ctx) }
		return keeper
	}
	share := &tokenShare{
		shared: shared, app: program.id, fetch: fetch, lockFor: c.timeout + 3*shareLimit, now: c.now, log: c.log,
	}
	keeper.obtain = share.obtain
	keeper.limit += shareWait + 5*shareLimit
	return keeper
}

// obtain fetches alone when the shared place does not answer.
func (s *tokenShare) obtain(ctx context.Context, refused domain.Secret) (ports.SharedToken, error) {
	token, unlock, err := s.turn(ctx, refused)
	if err != nil {
		s.warn(ctx, err)
		return s.fetch(ctx)
	}
	defer unlock()
	if !token.Value.IsZero() {
		return token, nil
	}
	token, err = s.fetch(ctx)
	if err != nil {
		return ports.SharedToken{}, err
	}
	if err := s.put(ctx, token); err != nil {
		s.warn(ctx, err)
	}
	return token, nil
}

func (s *tokenShare) warn(ctx context.Context, err error) {
	s.log.WarnContext(ctx, "WeChat access_token not shared", "app_id", string(s.app), "error", err)
}

// turn returns the token of another replica, or the zero token when it is this one's turn to fetch. Unless it fails it
// returns what is to be called in the end.
func (s *tokenShare) turn(ctx context.Context, refused domain.Secret) (_ ports.SharedToken, unlock func(), err error) {
	if err := s.drop(ctx, refused); err != nil {
		return ports.SharedToken{}, nil, err
	}
	token, err := s.look(ctx, refused)
	if err != nil || !token.Value.IsZero() {
		return token, func() {}, err
	}
	for latest := time.Now().Add(shareWait); ; {
		unlock, locked, err := s.lock(ctx)
		if err != nil {
			return ports.SharedToken{}, nil, err
		}
		if !locked {
			unlock = func() {}
		}
		// Whoever had the lock has left a token, if it got one.
		token, err := s.look(ctx, refused)
		switch {
		case err != nil:
			unlock()
			return ports.SharedToken{}, nil, err
		case locked || !token.Value.IsZero():
			return token, unlock, nil
		case time.Now().After(latest) || !pause(ctx, sharePause):
			return ports.SharedToken{}, unlock, nil
		}
	}
}

// look returns the zero token when there is none, or none that is worth having: somebody has to renew it sooner or later.
func (s *tokenShare) look(ctx context.Context, refused domain.Secret) (ports.SharedToken, error) {
	ctx, cancel := context.WithTimeout(ctx, shareLimit)
	defer cancel()
	token, err := s.shared.Get(ctx, s.app)
	if err != nil {
		return ports.SharedToken{}, fmt.Errorf("look for a shared access_token: %w", err)
	}
	if token.Value.IsZero() || token.Value.Equal(refused) || !isSound(token, s.now()) {
		return ports.SharedToken{}, nil
	}
	return token, nil
}

// isSound asks no less of a shared token than of one from WeChat. Clocks of replicas differ a little.
func isSound(token ports.SharedToken, now time.Time) bool {
	return isToken(token.Value.Reveal()) && token.ExpiresAt.Sub(token.FetchedAt) <= maxTokenLife &&
		token.FetchedAt.Sub(now) < time.Minute && now.Before(staleAt(token))
}

func (s *tokenShare) drop(ctx context.Context, refused domain.Secret) error {
	if refused.IsZero() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, shareLimit)
	defer cancel()
	if err := s.shared.Drop(ctx, s.app, refused); err != nil {
		return fmt.Errorf("drop a shared access_token: %w", err)
	}
	return nil
}

func (s *tokenShare) lock(ctx context.Context) (unlock func(), locked bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, shareLimit)
	defer cancel()
	unlock, locked, err = s.shared.Lock(ctx, s.app, s.lockFor)
	if err != nil {
		return nil, false, fmt.Errorf("take the lock of an access_token: %w", err)
	}
	return unlock, locked, nil
}

func (s *tokenShare) put(ctx context.Context, token ports.SharedToken) error {
	ctx, cancel := context.WithTimeout(ctx, shareLimit)
	defer cancel()
	if err := s.shared.Put(ctx, s.app, token); err != nil {
		return fmt.Errorf("share an access_token: %w", err)
	}
	return nil
}
