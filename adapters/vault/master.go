package vault

import (
	"context"
	"encoding/json"
	"time"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// masterDocument is how a local master key is written down. Version 1 had the data keys themselves.
type masterDocument struct {
	Version    int             `json:"version"`
	MasterKeys json.RawMessage `json:"master_keys,omitempty"`
	FieldKeys  json.RawMessage `json:"field_keys,omitempty"`
	IndexKeys  json.RawMessage `json:"index_keys,omitempty"`
}

// LocalMaster is a ports.MasterKey that lies in a file or a secret of the configuration.
type LocalMaster struct {
	aead tink.AEAD
	seed *dataKeys // of version 1
}

var _ ports.MasterKey = (*LocalMaster)(nil)

// NewLocalMaster reads a master key that an operator gave: the JSON text, or base64 of it. The error does not quote it.
func NewLocalMaster(secret domain.Secret) (*LocalMaster, error) {
	written, err := readMaster(secret)
	if err != nil {
		return nil, err
	}
	if written.Version == 1 {
		return readVersion1(written)
	}
	return newLocalMaster(written.MasterKeys, nil)
}

// readVersion1 lets the field keys wrap: what came before envelopes was as secret as a master key is.
func readVersion1(written masterDocument) (*LocalMaster, error) {
	fields, err := readKeyset(written.FieldKeys, checkFieldKey)
	if err != nil {
		return nil, err
	}
	index, err := readKeyset(written.IndexKeys, checkIndexKey)
	if err != nil {
		return nil, err
	}
	return newLocalMaster(written.FieldKeys, seedOf(fields, index))
}

func newLocalMaster(text []byte, seed *dataKeys) (*LocalMaster, error) {
	keys, err := readKeyset(text, checkFieldKey)
	if err != nil {
		return nil, err
	}
	wrapping, err := aead.New(keys)
	if err != nil {
		return nil, errMalformed
	}
	return &LocalMaster{aead: wrapping, seed: seed}, nil
}

// seedOf makes data keys of the keysets of version 1, the key that sealed being the newest. When they were made is unknown.
func seedOf(fields, index *keyset.Handle) *dataKeys {
	primary, err := fields.Primary()
	if err != nil {
		return nil // which a keyset that was read has
	}
	seed := &dataKeys{fields: fields, token: index, index: index}
	for _, id := range keyIDs(fields) {
		if id != primary.KeyID() {
			seed.plan.Fields = append(seed.plan.Fields, ports.FieldKey{ID: id})
		}
	}
	seed.plan.Fields = append(seed.plan.Fields, ports.FieldKey{ID: primary.KeyID()})
	if len(seed.plan.Fields) == 1 {
		seed.plan.Cleaned = primary.KeyID()
	}
	return seed
}

// Seed returns the data keys that a key of version 1 brings along, which are the first of a database, as it may have been
// written with them. A key of version 2 brings none.
func (m *LocalMaster) Seed(now time.Time) (domain.Secret, error) {
	if m.seed == nil {
		return domain.Secret{}, nil
	}
	seed := *m.seed
	seed.plan.IndexAt = now
	seed.plan.Fields = append([]ports.FieldKey(nil), seed.plan.Fields...)
	for i := range seed.plan.Fields {
		seed.plan.Fields[i].MadeAt, seed.plan.Fields[i].SealsFrom = now, now
	}
	text, err := seed.text()
	return domain.NewSecret(string(text)), err
}

// Name is ports.MasterKey's.
func (m *LocalMaster) Name() string { return "file" }

// Wrap is ports.MasterKey's.
func (m *LocalMaster) Wrap(ctx context.Context, plain domain.Secret, associated []byte) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return m.aead.Encrypt([]byte(plain.Reveal()), associated)
}

// Unwrap is ports.MasterKey's.
func (m *LocalMaster) Unwrap(ctx context.Context, wrapped, associated []byte) (domain.Secret, error) {
	if err := ctx.Err(); err != nil {
		return domain.Secret{}, err
	}
	plain, err := m.aead.Decrypt(wrapped, associated)
	if err != nil {
		return domain.Secret{}, ports.ErrNotWrapped
	}
	return domain.NewSecret(string(plain)), nil
}
