package redisstore

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/menjin-id/menjin/ports"
)

// takeScript is GCRA. What is kept is the instant at which the allowance is whole again. One that lies further ahead than it can
// be, because a clock was set back, is not believed.
//
// KEYS: entry. ARGV: now, the time that one of the allowance takes to come back, the time that all of it does; in microseconds.
// Returns how many microseconds to wait.
var takeScript = redis.NewScript(`
local now, interval, per = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local whole = tonumber(redis.call('GET', KEYS[1]) or now)
whole = math.min(math.max(whole, now), now + per) + interval
local wait = whole - per - now
if wait > 0 then
	return wait
end
redis.call('SET', KEYS[1], string.format('%.0f', whole), 'PX', string.format('%.0f', math.ceil((whole - now) / 1000)))
return 0
`)

// Limiter is a ports.RateLimiter. It goes by the instants it is given, so replicas whose clocks differ differ as much in when
// they allow the next; an entry goes by Redis's clock. While the server of a Cluster that has a key does not answer and another
// does, the process counts that key by itself: the others have the sessions of most people, who are not to wait for it, and no
// limit ends with a server. It is safe for concurrent use.
type Limiter struct {
	hot     hot
	others  *others // nil where one server has all keys, and nobody can sign in without it
	standIn *standIn
}

var _ ports.RateLimiter = (*Limiter)(nil)

// NewLimiter counts through a client, which stays the caller's to close.
func NewLimiter(client redis.UniversalClient) *Limiter {
	l := &Limiter{hot: newHot(client)}
	if l.hot.cluster != nil {
		l.others, l.standIn = &others{cluster: l.hot.cluster}, newStandIn()
	}
	return l
}

// Take spends one of an allowance.
func (l *Limiter) Take(ctx context.Context, key string, rate ports.Rate, now time.Time) (time.Duration, error) {
	per := rate.Per.Microseconds()
	if rate.Burst <= 0 || per <= 0 {
		return 0, nil
	}
	if ctx.Err() != nil {
		return 0, fmt.Errorf("take from allowance: %w", ctx.Err())
	}
	interval := max(per/int64(rate.Burst), 1) // in whole numbers, so that a burst is exactly what it says
	per = interval * int64(rate.Burst)
	var wait int64
	entry := limitPrefix + key + "}"
	err := l.hot.do(ctx, entry, func(client redis.UniversalClient) (err error) {
		wait, err = takeScript.Run(ctx, client, []string{entry}, now.UnixMicro(), interval, per).Int64()
		return err
	})
	if err != nil {
		known := false
		if l.others != nil && ctx.Err() == nil && away(err) && l.others.serve(ctx) {
			wait, known = l.standIn.take(key, now.UnixMicro(), interval, per)
		}
		if !known {
			return 0, translate(ctx, "take from allowance", err)
		}
	}
	return time.Duration(wait) * time.Microsecond, nil
}
