package sqlstore

import (
	"fmt"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// seal encrypts a field of a row; nothing becomes null.
func seal(cipher ports.Cipher, table, column string, row domain.ID, plain domain.Secret) (any, error) {
	if plain.IsZero() {
		return nil, nil
	}
	sealed, err := cipher.Seal(ports.Field{Table: table, Column: column, Row: row}, plain)
	if err != nil {
		return nil, fmt.Errorf("seal %s.%s: %w", table, column, err)
	}
	return sealed, nil
}

// open decrypts what seal stored.
func open(cipher ports.Cipher, table, column string, row domain.ID, sealed []byte) (domain.Secret, error) {
	if sealed == nil {
		return domain.Secret{}, nil
	}
	plain, err := cipher.Open(ports.Field{Table: table, Column: column, Row: row}, sealed)
	if err != nil {
		return domain.Secret{}, fmt.Errorf("open %s.%s: %w", table, column, err)
	}
	return plain, nil
}

// index makes the digest by which a sealed field is found; nothing becomes null.
func index(cipher ports.Cipher, table, column string, plain domain.Secret) (any, error) {
	if plain.IsZero() {
		return nil, nil
	}
	digest, err := cipher.Index(table, column, plain)
	if err != nil {
		return nil, fmt.Errorf("index %s.%s: %w", table, column, err)
	}
	return digest, nil
}
