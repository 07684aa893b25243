// Package redisstore keeps sessions in Redis (6.2 or later, alone, behind Sentinel or as a Cluster) or Valkey. It is
// ports.SessionStore.
//
// A session is three keys, all of one user's in one hash slot:
//
//	session:{USER}:SESSION   while it is live: its absolute limit in microseconds. Expires when idle
//	refresh:{USER}:SESSION   while its refresh token is good: the record, in JSON, session_key sealed
//	sessions:{USER}          a sorted set: the user's sessions by the microsecond of their opening
//
// Every key expires by itself, so nothing is swept. Each operation is one command or one script, and one round trip.
//
// Redis must not evict keys at will (maxmemory-policy noeviction, or volatile-ttl at worst): a sorted set that goes before
// its sessions leaves sessions that "log out everywhere" does not find.
package redisstore
