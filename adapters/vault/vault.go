package vault

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/tink-crypto/tink-go/v2/prf"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

const (
	digestSize = 32 // the length of what Index returns
	prefixSize = 5  // Tink's: a byte of its own and the id of the key
)

var (
	// errNotOpened is the one answer to every ciphertext that is not what it should be: which check failed is of use to an
	// attacker alone.
	errNotOpened = errors.New("sealed field does not open")
	errNoKeys    = errors.New("the data keys have not been loaded")
)

// Vault is a ports.Cipher and the ports.DataKeyRing that it works with. It is safe for concurrent use.
type Vault struct {
	now   ports.Clock
	state atomic.Pointer[state]
}

var (
	_ ports.Cipher      = (*Vault)(nil)
	_ ports.DataKeyRing = (*Vault)(nil)
)

// New makes a vault that has no keys until Use gives it some. The clock says from when a new key seals.
func New(now ports.Clock) *Vault { return &Vault{now: now} }

// Parse makes a vault that stands by itself, for tests and measurements: with the keys that a text of version 1 holds, or,
// from any other master key, with new ones that are kept nowhere.
func Parse(secret domain.Secret) (*Vault, error) {
	master, err := NewLocalMaster(secret)
	if err != nil {
		return nil, err
	}
	v, now := New(time.Now), time.Now()
	keys, err := master.Seed(now)
	if err == nil && keys.IsZero() {
		keys, err = v.Make(now)
	}
	if err != nil {
		return nil, err
	}
	return v, v.Use(keys, nil)
}

// Seal encrypts a field under the newest key whose time has come.
func (v *Vault) Seal(field ports.Field, plain domain.Secret) ([]byte, error) {
	s := v.state.Load()
	if s == nil {
		return nil, errNoKeys
	}
	sealed, err := s.sealer(v.now()).aead.Encrypt([]byte(plain.Reveal()), place(field))
	if err != nil {
		return nil, fmt.Errorf("seal %s.%s: %w", field.Table, field.Column, err)
	}
	return sealed, nil
}

// KeyPrefix is that of the newest key whose time has come.
func (v *Vault) KeyPrefix() []byte {
	s := v.state.Load()
	if s == nil {
		return nil
	}
	return s.sealer(v.now()).prefix
}

// Open decrypts a field sealed under any key that is kept. A ciphertext that names an unknown one may be of a newer key.
func (v *Vault) Open(field ports.Field, sealed []byte) (domain.Secret, error) {
	s := v.state.Load()
	if s == nil {
		return domain.Secret{}, errNoKeys
	}
	if s.source != nil && s.unknown(sealed) && !s.missing.has(sealed[:prefixSize]) {
		if err := s.source.Look(); err != nil {
			return domain.Secret{}, fmt.Errorf("look for the key of %s.%s: %w", field.Table, field.Column, err)
		}
		if s = v.state.Load(); s.unknown(sealed) {
			s.missing.add(sealed[:prefixSize])
		}
	}
	plain, err := s.opener.Decrypt(sealed, place(field))
	if err != nil {
		return domain.Secret{}, fmt.Errorf("open %s.%s: %w", field.Table, field.Column, errNotOpened)
	}
	return domain.NewSecret(string(plain)), nil
}

// Index digests a value under the key of digests that stay.
func (v *Vault) Index(table, column string, plain domain.Secret) ([]byte, error) {
	s := v.state.Load()
	if s == nil {
		return nil, errNoKeys
	}
	return digest(s.token, table, column, plain)
}

// Indexes digests a value under the index keys, as the phase of their change has it.
func (v *Vault) Indexes(table, column string, plain domain.Secret) (found ports.Indexes, err error) {
	s := v.state.Load()
	if s == nil {
		return found, errNoKeys
	}
	if s.source != nil {
		if err := s.source.Fresh(); err != nil {
			return found, fmt.Errorf("look for newer index keys: %w", err)
		}
		s = v.state.Load()
	}
	return s.indexes(table, column, plain)
}

func digest(keys *prf.Set, table, column string, plain domain.Secret) ([]byte, error) {
	digest, err := keys.ComputePrimaryPRF(join(table, column, plain.Reveal()), digestSize)
	if err != nil {
		return nil, fmt.Errorf("index %s.%s: %w", table, column, err)
	}
	return digest, nil
}

// place is the associated data of a field. It never changes: what was sealed under another encoding does not open. A field
// without an owner has one part less, as fields had before there were owners.
func place(field ports.Field) []byte {
	if field.Owner.IsZero() {
		return join(field.Table, field.Column, string(field.Row[:]))
	}
	return join(field.Table, field.Column, string(field.Row[:]), string(field.Owner[:]))
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
