package redisstore

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

var (
	// putTokenScript keeps a token unless the one that is there was fetched later.
	//
	// KEYS: token. ARGV: when it was fetched in microseconds, record, milliseconds to live.
	putTokenScript = redis.NewScript(`
local fetched = tonumber(string.match(redis.call('GET', KEYS[1]) or '', '^(%d+) ') or 0)
if fetched <= tonumber(ARGV[1]) then
	redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
end
`)

	// dropTokenScript forgets a token if it is still the one with that digest.
	//
	// KEYS: token. ARGV: digest.
	dropTokenScript = redis.NewScript(`
if string.match(redis.call('GET', KEYS[1]) or '', '^%d+ %d+ (%x+)\n') == ARGV[1] then
	redis.call('DEL', KEYS[1])
end
`)

	// lockScript takes a lock that is free. To whoever holds it already it says so again, as the client repeats what Redis may
	// have done without its answer arriving.
	//
	// KEYS: lock. ARGV: owner, milliseconds to live. Returns 1 for the owner.
	lockScript = redis.NewScript(`
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) or redis.call('GET', KEYS[1]) == ARGV[1] then
	return 1
end
return 0
`)

	// unlockScript lets go of a lock that is still its owner's.
	//
	// KEYS: lock. ARGV: owner.
	unlockScript = redis.NewScript(`
if redis.call('GET', KEYS[1]) == ARGV[1] then
	redis.call('DEL', KEYS[1])
end
`)
)

// SharedTokens is a ports.SharedTokens. Tokens and locks end by Redis's clock. It is safe for concurrent use.
type SharedTokens struct {
	redis  redis.UniversalClient
	cipher ports.Cipher
}

var _ ports.SharedTokens = (*SharedTokens)(nil)

// NewSharedTokens shares tokens, sealed, through a client, which stays the caller's to close.
func NewSharedTokens(client redis.UniversalClient, cipher ports.Cipher) *SharedTokens {
	return &SharedTokens{client, cipher}
}

// Get returns the token kept for a mini-program. One that does not open, say because its key was retired, is an error.
func (s *SharedTokens) Get(ctx context.Context, app domain.AppID) (ports.SharedToken, error) {
	record, err := s.redis.Get(ctx, tokenKey(app)).Result()
	if errors.Is(err, redis.Nil) {
		return ports.SharedToken{}, nil
	}
	if err != nil {
		return ports.SharedToken{}, translate(ctx, "get shared token", err)
	}
	return s.readToken(app, record)
}

// Put keeps a token until it expires.
func (s *SharedTokens) Put(ctx context.Context, app domain.AppID, token ports.SharedToken) error {
	left := time.Until(token.ExpiresAt)
	if left <= 0 {
		return ctx.Err()
	}
	record, err := s.writeToken(app, token)
	if err != nil {
		return err
	}
	return s.run(ctx, "put shared token", putTokenScript, tokenKey(app),
		token.FetchedAt.UnixMicro(), record, max(left.Milliseconds(), 1))
}

// Drop forgets the token if it is still this one.
func (s *SharedTokens) Drop(ctx context.Context, app domain.AppID, value domain.Secret) error {
	return s.run(ctx, "drop shared token", dropTokenScript, tokenKey(app), tokenDigest(value))
}

// Lock lets one replica at a time go on. Unlock may be called twice, and after ctx has ended; it is never nil. Where it cannot
// reach Redis, the lock goes by itself.
func (s *SharedTokens) Lock(ctx context.Context, app domain.AppID, most time.Duration) (unlock func(), locked bool, err error) {
	owner, key := rand.Text(), tokenLockKey(app)
	taken, err := lockScript.Run(ctx, s.redis, []string{key}, owner, max(most.Milliseconds(), 1)).Int()
	if err != nil {
		return func() {}, false, translate(ctx, "lock shared token", err)
	}
	if taken == 0 {
		return func() {}, false, nil
	}
	lasting := context.WithoutCancel(ctx)
	return func() {
		ctx, cancel := context.WithTimeout(lasting, unlockTime)
		defer cancel()
		_ = s.run(ctx, "unlock shared token", unlockScript, key, owner)
	}, true, nil
}

// unlockTime bounds how long whoever gives a lock back may wait for it.
const unlockTime = time.Second

func (s *SharedTokens) run(ctx context.Context, what string, script *redis.Script, key string, args ...any) error {
	err := script.Run(ctx, s.redis, []string{key}, args...).Err()
	if errors.Is(err, redis.Nil) { // a script that returns nothing
		return nil
	}
	return translate(ctx, what, err)
}
