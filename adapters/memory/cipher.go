package memory

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"slices"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// Cipher is a ports.Cipher with one key, made by NewCipher and never kept.
type Cipher struct {
	aead     cipher.AEAD
	indexKey []byte
	prefix   []byte // of every ciphertext
}

// NewCipher returns a cipher with a key of its own.
func NewCipher() *Cipher {
	keys := make([]byte, 68)
	_, _ = rand.Read(keys)
	block, err := aes.NewCipher(keys[:32])
	if err != nil {
		panic(err) // 32 bytes are a key
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err) // AES has GCM's block size
	}
	return &Cipher{aead: aead, indexKey: keys[32:64], prefix: keys[64:]}
}

// place writes a table, a column and what follows in such a way that no two places are written alike.
func place(table, column string, rest []byte) []byte {
	var text []byte
	for _, part := range []string{table, column} {
		text = binary.AppendUvarint(text, uint64(len(part)))
		text = append(text, part...)
	}
	return append(text, rest...)
}

func fieldPlace(field ports.Field) []byte {
	return place(field.Table, field.Column, slices.Concat(field.Row[:], field.Owner[:]))
}

// Seal is part of ports.Cipher.
func (c *Cipher) Seal(field ports.Field, plain domain.Secret) ([]byte, error) {
	return c.aead.Seal(c.KeyPrefix(), nil, []byte(plain.Reveal()), fieldPlace(field)), nil //nolint:gosec // the AEAD makes the nonce
}

// Open is part of ports.Cipher.
func (c *Cipher) Open(field ports.Field, sealed []byte) (domain.Secret, error) {
	ciphertext, ours := bytes.CutPrefix(sealed, c.prefix)
	plain, err := c.aead.Open(nil, nil, ciphertext, fieldPlace(field))
	if err != nil || !ours {
		return domain.Secret{}, errors.New("ciphertext does not belong here")
	}
	return domain.NewSecret(string(plain)), nil
}

// KeyPrefix is part of ports.Cipher.
func (c *Cipher) KeyPrefix() []byte { return bytes.Clone(c.prefix) }

// Indexes is part of ports.Cipher. There is one key, so there is one index.
func (c *Cipher) Indexes(table, column string, plain domain.Secret) (ports.Indexes, error) {
	digest, err := c.Index(table, column, plain)
	return ports.Indexes{First: digest}, err
}

// Index is part of ports.Cipher.
func (c *Cipher) Index(table, column string, plain domain.Secret) ([]byte, error) {
	digest := hmac.New(sha256.New, c.indexKey)
	digest.Write(place(table, column, []byte(plain.Reveal())))
	return digest.Sum(nil), nil
}
