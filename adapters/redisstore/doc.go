// Package redisstore keeps sessions in Redis (6.2 or later, alone, behind Sentinel or as a Cluster) or Valkey, counts there
// what is limited, and shares WeChat's access_tokens. It is ports.SessionStore, SessionRefresher, SessionLister and
// SessionKeyReader, ports.RateLimiter, ports.AttemptCounter and ports.SharedTokens.
//
// A session is three keys, all of one user's in one hash slot:
//
//	session:{USER}:SESSION   while it is live: its absolute limit in microseconds, and the roles. Expires when idle
//	refresh:{USER}:SESSION   while its refresh token is good: the record, session_key sealed
//	sessions:{USER}          a sorted set: the user's sessions by the microsecond of their opening
//
// And what is limited is one key each:
//
//	limit:{KEY}              the instant at which an allowance is whole again
//	attempts:{KEY}           how many tries there were, and when the last one was
//
// And for each mini-program:
//
//	token:{APP}              its access_token, sealed, when that was fetched, when it expires, and its digest
//	tokenlock:{APP}          who fetches the next one
//
// A client sends again what was on a connection that broke. For the few seconds in which it may, these tell what was done already:
//
//	displaced:{USER}:SESSION the sessions that gave way to that one
//	attempts:{KEY}:TRY       a try that was counted
//
// Every key expires by itself, so nothing is swept. Each operation is one command or one script, and one round trip.
//
// Redis must not evict keys at will (maxmemory-policy noeviction, or volatile-ttl at worst): a sorted set that goes before
// its sessions leaves sessions that "log out everywhere" does not find.
package redisstore
