// Package vault encrypts the fields that identify a person or open a door, and makes the keyed digests by which such
// fields are found again. It is ports.Cipher on Tink keysets.
//
// Fields are sealed with AES-256-GCM. A sealed field begins with the id of its key (Tink's five-byte prefix), so that
// keys can be rotated while older ciphertexts stay readable, and is bound to its table, column and row. Digests are
// HMAC-SHA-256 under keys of their own: one for indexes, which is replaced in phases, and one for digests that stay.
//
// These data keys lie together in the database, wrapped by a master key. A master key of the local kind is a text, a file or
// a secret of the configuration:
//
//	{"version": 2, "master_keys": KEYSET}
//
// KEYSET is Tink's JSON form of a cleartext keyset of AES-256-GCM keys, the primary of which wraps. Whoever holds that text and
// the database reads every field: it belongs in a secret store or a file of its own, and in a backup apart from the
// database's. Without it the fields are lost. Texts of version 1, {"version": 1, "field_keys": KEYSET, "index_keys": KEYSET},
// held the data keys themselves; they still work, as master keys that bring the first data keys along.
package vault
