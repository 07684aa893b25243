package redisstore

import "github.com/redis/go-redis/v9"

// The scripts form keys from prefixes of the keys they are given. All have the user's hash tag, so they lie in the slot
// that the script runs in.
var (
	// openScript keeps a session and makes the index outlive it. Members whose session is gone by itself leave the index here:
	// each opening looks at eight of them, which keeps the dead a small part of any index without ever reading all of a long one.
	//
	// KEYS: live key, refresh key, index.
	// ARGV: session, live value, milliseconds live, record, milliseconds refreshable, opened at, milliseconds in the index.
	openScript = redis.NewScript(`
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
redis.call('SET', KEYS[2], ARGV[4], 'PX', ARGV[5])
redis.call('ZADD', KEYS[3], ARGV[6], ARGV[1])
if redis.call('PTTL', KEYS[3]) < tonumber(ARGV[7]) then
	redis.call('PEXPIRE', KEYS[3], ARGV[7])
end
local live = string.sub(KEYS[1], 1, -1 - #ARGV[1])
local refresh = string.sub(KEYS[2], 1, -1 - #ARGV[1])
for _, id in ipairs(redis.call('ZRANDMEMBER', KEYS[3], 8)) do
	if redis.call('EXISTS', live .. id, refresh .. id) == 0 then
		redis.call('ZREM', KEYS[3], id)
	end
end
`)

	// endScript forgets a session.
	//
	// KEYS: live key, refresh key, index. ARGV: session.
	endScript = redis.NewScript(`
redis.call('DEL', KEYS[1], KEYS[2])
redis.call('ZREM', KEYS[3], ARGV[1])
`)

	// endUntilScript forgets the sessions opened up to an instant.
	//
	// KEYS: prefix of live keys, prefix of refresh keys, index. ARGV: the instant.
	endUntilScript = redis.NewScript(`
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', ARGV[1])) do
	redis.call('DEL', KEYS[1] .. id, KEYS[2] .. id)
end
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', ARGV[1])
`)
)
