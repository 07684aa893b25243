package redisstore

import "github.com/redis/go-redis/v9"

// The scripts form keys from the keys and prefixes they are given. All have the user's hash tag, so they lie in the slot that
// the script runs in. Instants are microseconds since 1970, which a Lua number holds exactly, as it does versions; "%.0f" writes
// them in full.
//
// The index holds a user's sessions by the version of the user they were opened on. The release before wrote there the instant
// they were opened at, which is more than any version: such sessions count as opened on an older one.
//
// The fence is two versions with a blank between them: the lowest that a session may be opened on, and that of the roles set last.
const (
	// readFence sets fence and told from KEYS[4], and version from ARGV[1].
	readFence = `
local version = tonumber(ARGV[1])
local fence, told = string.match(redis.call('GET', KEYS[4]) or '0 0', '^(%d+) (%d+)$')
fence, told = tonumber(fence), tonumber(told)
`
	// raiseFence writes it back for ARGV[2] milliseconds, and sets outdated to the sessions opened on an older version.
	raiseFence = `
redis.call('SET', KEYS[4], string.format('%.0f %.0f', math.max(fence, version), told), 'PX', ARGV[2])
local outdated = redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', '(' .. ARGV[1])
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[3], '100000000000000', '+inf')) do
	outdated[#outdated + 1] = id
end
`
)

var (
	// openScript keeps a session and makes the index outlive it. Only when the index holds more than the user may have is it
	// read: what is gone by itself leaves it, and of the rest what was idle longest gives way, those that are not live (whose
	// time left is made less than any other) before those that are. It then costs a microsecond or two for each that the user
	// may have. A session that the index has already is the client's repetition, which is told again what gave way the first time:
	// that is kept for five seconds under displaced:{USER}:SESSION.
	//
	// KEYS: live key, refresh key, index, fence.
	// ARGV: session, live value, milliseconds live, record, milliseconds refreshable, version of the user, milliseconds in the
	// index, how many sessions the user may have. Returns those that gave way with a blank between them, and nothing for a session
	// below the fence.
	openScript = redis.NewScript(`
local fence = redis.call('GET', KEYS[4])
if fence and tonumber(ARGV[6]) < tonumber(string.match(fence, '^%d+')) then
	return false
end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
redis.call('SET', KEYS[2], ARGV[4], 'PX', ARGV[5])
local ended, displaced = {}, 'displaced' .. string.match(KEYS[1], ':.*')
if redis.call('ZADD', KEYS[3], ARGV[6], ARGV[1]) == 0 then
	ended[1] = redis.call('GET', displaced) or nil
end
if redis.call('PTTL', KEYS[3]) < tonumber(ARGV[7]) then
	redis.call('PEXPIRE', KEYS[3], ARGV[7])
end
local most = tonumber(ARGV[8])
if redis.call('ZCARD', KEYS[3]) <= most then
	return ended[1] or ''
end
local live = string.sub(KEYS[1], 1, -1 - #ARGV[1])
local refresh = string.sub(KEYS[2], 1, -1 - #ARGV[1])
local ids, lefts = {}, {}
for _, id in ipairs(redis.call('ZRANGE', KEYS[3], 0, -1)) do
	local left = redis.call('PTTL', live .. id)
	if left < 0 then
		left = redis.call('PTTL', refresh .. id)
		left = left >= 0 and left - 2 ^ 52
	end
	if not left then
		redis.call('ZREM', KEYS[3], id)
	elseif id ~= ARGV[1] then
		ids[#ids + 1], lefts[#lefts + 1] = id, left
	end
end
for _ = 1, #ids + 1 - most do
	local first = 1
	for j = 2, #ids do
		if lefts[j] < lefts[first] then
			first = j
		end
	end
	local id = table.remove(ids, first)
	table.remove(lefts, first)
	redis.call('DEL', live .. id, refresh .. id)
	redis.call('ZREM', KEYS[3], id)
	ended[#ended + 1] = id
end
if #ended == 0 then
	return ''
end
local names = table.concat(ended, ' ')
redis.call('SET', displaced, names, 'PX', 5000)
return names
`)

	// endScript forgets a session.
	//
	// KEYS: live key, refresh key, index. ARGV: session.
	endScript = redis.NewScript(`
redis.call('DEL', KEYS[1], KEYS[2])
redis.call('ZREM', KEYS[3], ARGV[1])
`)

	// endBeforeScript forgets the sessions opened on an older version but one.
	//
	// KEYS: prefix of live keys, prefix of refresh keys, index, fence.
	// ARGV: version, milliseconds of the fence, the one that stays.
	endBeforeScript = redis.NewScript(readFence + raiseFence + `
for _, id in ipairs(outdated) do
	if id ~= ARGV[3] then
		redis.call('DEL', KEYS[1] .. id, KEYS[2] .. id)
		redis.call('ZREM', KEYS[3], id)
	end
end
`)

	// rolesScript writes other roles into all that is kept of the sessions opened on an older version. What has gone by itself
	// stays gone.
	//
	// KEYS: prefix of live keys, prefix of refresh keys, index, fence. ARGV: version, milliseconds of the fence, the roles.
	rolesScript = redis.NewScript(readFence + `
if version < told then
	return
end
told = version
` + raiseFence + `
for _, id in ipairs(outdated) do
	local live = redis.call('GET', KEYS[1] .. id)
	if live then
		redis.call('SET', KEYS[1] .. id, string.match(live, '^%d+') .. ' ' .. ARGV[3], 'KEEPTTL')
	end
	local record = redis.call('GET', KEYS[2] .. id)
	if record then
		local head, body = string.match(record, '^(%S+ %S+ %d+ %d+ %d+ %d+) [^\n]*(\n.*)$')
		redis.call('SET', KEYS[2] .. id, head .. ' ' .. ARGV[3] .. body, 'KEEPTTL')
	end
end
`)

	// refreshScript does what domain.Session.Refresh does.
	//
	// KEYS: live key, refresh key. ARGV: presented, next, now, idle time, refresh time, grace; all times in microseconds.
	// Returns the record after it, nothing for a session that is gone, and 0 for a token that was used before.
	refreshScript = redis.NewScript(`
local record = redis.call('GET', KEYS[2])
if not record then
	return false
end
local hash, replaced, refreshed, untilThen, expires, seen, rest =
	string.match(record, '^(%S+) (%S+) (%d+) (%d+) (%d+) (%d+)( .*)$')
local presented, next, now = ARGV[1], ARGV[2], tonumber(ARGV[3])
if now >= tonumber(untilThen) or now >= tonumber(expires) then
	return false
end
if presented == hash then
	hash, replaced, refreshed = next, presented, ARGV[3]
	untilThen = string.format('%.0f', math.min(now + tonumber(ARGV[5]), tonumber(expires)))
elseif presented ~= replaced or next ~= hash or now - tonumber(refreshed) > tonumber(ARGV[6]) then
	return 0
end
if now > tonumber(seen) then
	seen = ARGV[3]
end
local function millisecondsTo(instant)
	return string.format('%.0f', math.max(math.floor((instant - now) / 1000), 1))
end
record = table.concat({hash, replaced, refreshed, untilThen, expires, seen}, ' ') .. rest
redis.call('SET', KEYS[2], record, 'PX', millisecondsTo(tonumber(untilThen)))
redis.call('SET', KEYS[1], expires .. string.match(rest, '^[^\n]*'), 'PX',
	millisecondsTo(math.min(now + tonumber(ARGV[4]), tonumber(expires))))
return record
`)

	// listScript returns, for each session that is kept: its id, its record, and how many milliseconds it is
	// live, less than zero when it is not.
	//
	// KEYS: prefix of live keys, prefix of refresh keys, index.
	listScript = redis.NewScript(`
local kept = {}
for _, id in ipairs(redis.call('ZRANGE', KEYS[3], 0, -1)) do
	local record = redis.call('GET', KEYS[2] .. id)
	if record then
		kept[#kept + 1] = id
		kept[#kept + 1] = record
		kept[#kept + 1] = redis.call('PTTL', KEYS[1] .. id)
	end
end
return kept
`)
)
