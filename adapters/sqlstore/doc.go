// Package sqlstore keeps users, sessions, the outbox, the audit log, signing keys and counters in PostgreSQL or, for a single machine, in SQLite.
//
// [Migrate] brings a database to the schema of this release; [Open] expects it there. Both databases have tables of the same
// shape. UUIDs are uuid in PostgreSQL and 16 bytes in SQLite; instants are timestamptz and whole microseconds since 1970.
// Whatever identifies a person is stored sealed, with a keyed index beside it where it must be found; the tables, their
// backups and their logs hold none of it in clear.
//
// Frequent statements go straight to pgx, where they are prepared once per connection and a registration costs one round
// trip; the others go through Bun.
package sqlstore
