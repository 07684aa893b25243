package ports

import "github.com/menjin-id/menjin/domain"

// Field is the place a ciphertext belongs to. It is bound to the ciphertext, so that one cannot be moved to another row,
// column or table unnoticed.
type Field struct {
	Table  string
	Column string
	Row    domain.ID
}

// Cipher encrypts the fields that identify a person or open a door. It is handed to stores; nothing else knows of it. It is
// safe for concurrent use.
type Cipher interface {
	// Seal encrypts; the result names the key it was made with and differs each time.
	Seal(field Field, plain domain.Secret) ([]byte, error)
	// Open decrypts what Seal made for the same field. The error for anything else says nothing about the content.
	Open(field Field, sealed []byte) (domain.Secret, error)
	// Index returns a keyed digest of 32 bytes by which equal values of one column are found. The same value in another
	// table or column has another.
	Index(table, column string, plain domain.Secret) ([]byte, error)
}
