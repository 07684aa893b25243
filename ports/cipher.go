package ports

import "github.com/menjin-id/menjin/domain"

// Field is the place a ciphertext belongs to. It is bound to the ciphertext, so that one cannot be moved to another row,
// column or table, nor its row given to another owner, unnoticed.
type Field struct {
	Table  string
	Column string
	Row    domain.ID
	Owner  domain.ID // whom the row belongs to; zero where it belongs to nobody but itself
}

// Cipher encrypts the fields that identify a person or open a door. It is handed to stores; nothing else knows of it. It is
// safe for concurrent use.
type Cipher interface {
	// Seal encrypts; the result names the key it was made with and differs each time.
	Seal(field Field, plain domain.Secret) ([]byte, error)
	// Open decrypts what Seal made for the same field. The error for anything else says nothing about the content.
	Open(field Field, sealed []byte) (domain.Secret, error)
	// KeyPrefix is what ciphertexts begin with that Seal makes at the moment, and none that another key made.
	KeyPrefix() []byte
	// Index returns a keyed digest of 32 bytes that stays the same when keys are replaced. The same value in another table or
	// column has another.
	Index(table, column string, plain domain.Secret) ([]byte, error)
	// Indexes returns the digests by which equal values of one column are found in a table.
	Indexes(table, column string, plain domain.Secret) (Indexes, error)
}

// Indexes are what the two index columns of a value hold. There are two for the time in which their key is replaced.
type Indexes struct {
	First  []byte // 32 bytes
	Second []byte // 32 bytes or nil
	// BySecond says that rows are found by the second column, otherwise by the first.
	BySecond bool
}
