package memory

import (
	"context"
	"sync"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// SharedTokens is a ports.SharedTokens. Tokens and locks end by the machine's clock, and by the fake one within
// testing/synctest.
type SharedTokens struct {
	outage

	mu     sync.Mutex
	tokens map[domain.AppID]ports.SharedToken
	locks  map[domain.AppID]*tokenLock
}

// tokenLock is known by its address: another lock of the same length is another one.
type tokenLock struct{ until time.Time }

// NewSharedTokens returns a place without tokens.
func NewSharedTokens() *SharedTokens {
	return &SharedTokens{tokens: map[domain.AppID]ports.SharedToken{}, locks: map[domain.AppID]*tokenLock{}}
}

// Get is part of ports.SharedTokens.
func (s *SharedTokens) Get(ctx context.Context, app domain.AppID) (ports.SharedToken, error) {
	if err := s.down(ctx); err != nil {
		return ports.SharedToken{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.live(app), nil
}

// live returns the token that has not expired. The caller holds the lock.
func (s *SharedTokens) live(app domain.AppID) ports.SharedToken {
	if token := s.tokens[app]; time.Now().Before(token.ExpiresAt) {
		return token
	}
	return ports.SharedToken{}
}

// Put is part of ports.SharedTokens.
func (s *SharedTokens) Put(ctx context.Context, app domain.AppID, token ports.SharedToken) error {
	if err := s.down(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.live(app).FetchedAt.After(token.FetchedAt) {
		s.tokens[app] = token
	}
	return nil
}

// Drop is part of ports.SharedTokens.
func (s *SharedTokens) Drop(ctx context.Context, app domain.AppID, value domain.Secret) error {
	if err := s.down(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tokens[app].Value.Equal(value) {
		delete(s.tokens, app)
	}
	return nil
}

// Lock is part of ports.SharedTokens.
func (s *SharedTokens) Lock(ctx context.Context, app domain.AppID, most time.Duration) (unlock func(), locked bool, err error) {
	if err := s.down(ctx); err != nil {
		return func() {}, false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if held := s.locks[app]; held != nil && time.Now().Before(held.until) {
		return func() {}, false, nil
	}
	mine := &tokenLock{until: time.Now().Add(most)}
	s.locks[app] = mine
	return func() { s.unlock(app, mine) }, true, nil
}

func (s *SharedTokens) unlock(app domain.AppID, mine *tokenLock) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.locks[app] == mine {
		delete(s.locks, app)
	}
}
