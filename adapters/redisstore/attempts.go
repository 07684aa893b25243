package redisstore

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/menjin-id/menjin/ports"
)

// What ports.AttemptCounter promises.
const (
	freeAttempts   = 5
	firstWait      = 2 * time.Second
	longestWait    = 15 * time.Minute
	attemptsForget = time.Hour
)

// tryScript counts a try unless the last one makes it wait. One that was counted is not counted again when the client repeats it.
//
// KEYS: entry, mark of this try. ARGV: now, how many are free, first wait, longest wait, time until all is forgotten; in microseconds.
// Returns how many microseconds to wait.
var tryScript = redis.NewScript(`
if redis.call('EXISTS', KEYS[2]) == 1 then
	return 0
end
local now, free, first, longest, forget =
	tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local count, last = string.match(redis.call('GET', KEYS[1]) or '', '^(%d+) (%d+)$')
count, last = tonumber(count or 0), math.min(tonumber(last or now), now)
if now - last >= forget then
	count = 0
end
if count > free then
	local wait = last + math.min(first * 2 ^ (count - free - 1), longest) - now
	if wait > 0 then
		return wait
	end
end
redis.call('SET', KEYS[1], string.format('%d ', count + 1) .. ARGV[1], 'PX', string.format('%.0f', forget / 1000))
redis.call('SET', KEYS[2], '', 'PX', 5000)
return 0
`)

// Attempts is a ports.AttemptCounter. It goes by the instants it is given, and forgets by Redis's clock as well. It is safe for
// concurrent use.
type Attempts struct{ redis redis.UniversalClient }

var _ ports.AttemptCounter = (*Attempts)(nil)

// NewAttempts counts through a client, which stays the caller's to close.
func NewAttempts(client redis.UniversalClient) *Attempts { return &Attempts{client} }

// Try counts a try. The first five count and make nobody wait; the sixth makes the seventh wait 2 s.
func (a *Attempts) Try(ctx context.Context, key string, now time.Time) (time.Duration, error) {
	entry := attemptPrefix + key + "}"
	wait, err := tryScript.Run(ctx, a.redis, []string{entry, entry + ":" + rand.Text()},
		now.UnixMicro(), freeAttempts, firstWait.Microseconds(), longestWait.Microseconds(), attemptsForget.Microseconds(),
	).Int64()
	if err != nil {
		return 0, translate(ctx, "count attempt", err)
	}
	return time.Duration(wait) * time.Microsecond, nil
}

// Clear forgets the tries of a key.
func (a *Attempts) Clear(ctx context.Context, key string) error {
	return translate(ctx, "clear attempts", a.redis.Del(ctx, attemptPrefix+key+"}").Err())
}
