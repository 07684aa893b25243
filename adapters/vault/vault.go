package vault

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/prf"
	"github.com/tink-crypto/tink-go/v2/tink"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// digestSize is the length of what Index returns.
const digestSize = 32

// errNotOpened is the one answer to every ciphertext that is not what it should be: which check failed is of use to an
// attacker alone.
var errNotOpened = errors.New("sealed field does not open")

// Vault is a ports.Cipher. It is safe for concurrent use.
type Vault struct {
	fields tink.AEAD
	index  *prf.Set
}

var _ ports.Cipher = (*Vault)(nil)

func newVault(keys keysets) (*Vault, error) {
	fields, err := aead.New(keys.fields)
	if err != nil {
		return nil, errMalformed
	}
	index, err := prf.NewPRFSet(keys.index)
	if err != nil {
		return nil, errMalformed
	}
	return &Vault{fields: fields, index: index}, nil
}

// Seal encrypts a field under the primary key.
func (v *Vault) Seal(field ports.Field, plain domain.Secret) ([]byte, error) {
	sealed, err := v.fields.Encrypt([]byte(plain.Reveal()), place(field))
	if err != nil {
		return nil, fmt.Errorf("seal %s.%s: %w", field.Table, field.Column, err)
	}
	return sealed, nil
}

// Open decrypts a field sealed under any key of the keyset.
func (v *Vault) Open(field ports.Field, sealed []byte) (domain.Secret, error) {
	plain, err := v.fields.Decrypt(sealed, place(field))
	if err != nil {
		return domain.Secret{}, fmt.Errorf("open %s.%s: %w", field.Table, field.Column, errNotOpened)
	}
	return domain.NewSecret(string(plain)), nil
}

// Index digests a value under the primary index key.
func (v *Vault) Index(table, column string, plain domain.Secret) ([]byte, error) {
	digest, err := v.index.ComputePrimaryPRF(join(table, column, plain.Reveal()), digestSize)
	if err != nil {
		return nil, fmt.Errorf("index %s.%s: %w", table, column, err)
	}
	return digest, nil
}

// place is the associated data of a field. It never changes: what was sealed under another encoding does not open.
func place(field ports.Field) []byte {
	return join(field.Table, field.Column, string(field.Row[:]))
}

// join puts each part's length in front of it, so that no two lists of parts give the same bytes.
func join(parts ...string) []byte {
	size := 0
	for _, part := range parts {
		size += binary.MaxVarintLen32 + len(part)
	}
	joined := make([]byte, 0, size)
	for _, part := range parts {
		joined = binary.AppendUvarint(joined, uint64(len(part)))
		joined = append(joined, part...)
	}
	return joined
}
