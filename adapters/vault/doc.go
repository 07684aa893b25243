// Package vault encrypts the fields that identify a person or open a door, and makes the keyed digests by which such
// fields are found again. It is ports.Cipher on Tink keysets.
//
// Fields are sealed with AES-256-GCM. A sealed field begins with the id of its key (Tink's five-byte prefix), so that
// keys can be rotated while older ciphertexts stay readable, and is bound to its table, column and row. Digests are
// HMAC-SHA-256 under a key of their own.
//
// Both keysets lie together in one JSON text, a file or a secret of the configuration:
//
//	{"version": 1, "field_keys": KEYSET, "index_keys": KEYSET}
//
// KEYSET is Tink's JSON form of a cleartext keyset. Whoever holds that text reads every field: it belongs in a secret
// store or a file of its own, and in a backup apart from the database's. Without it the fields are lost.
package vault
