package redisstore

import "github.com/redis/go-redis/v9"

// The scripts form keys from prefixes of the keys they are given. All have the user's hash tag, so they lie in the slot
// that the script runs in.
var (
	// openScript keeps a session and makes the index outlive it. Members whose session is gone by itself leave the index here:
	// where it is longer than people's indexes are, each opening looks at eight of them, which keeps the dead a small part of
	// any long index without ever reading all of it.
	//
	// KEYS: live key, refresh key, index.
	// ARGV: session, live value, milliseconds live, record, milliseconds refreshable, opened at, milliseconds in the index.
	openScript = redis.NewScript(`
local call, live, refresh, index, id = redis.call, KEYS[1], KEYS[2], KEYS[3], ARGV[1]
call('SET', live, ARGV[2], 'PX', ARGV[3])
call('SET', refresh, ARGV[4], 'PX', ARGV[5])
call('ZADD', index, ARGV[6], id)
if call('PTTL', index) < tonumber(ARGV[7]) then
	call('PEXPIRE', index, ARGV[7])
end
if call('ZCARD', index) > 64 then
	live, refresh = string.sub(live, 1, -1 - #id), string.sub(refresh, 1, -1 - #id)
	for _, member in ipairs(call('ZRANDMEMBER', index, 8)) do
		if call('EXISTS', live .. member, refresh .. member) == 0 then
			call('ZREM', index, member)
		end
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
