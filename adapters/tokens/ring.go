package tokens

import (
	"bytes"
	"encoding/pem"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// Ring holds the keys of the moment. Issuers, verifiers and whoever publishes the keys follow it when it takes others, which
// may happen at any time. It begins empty: then nothing can be signed or verified.
type Ring struct {
	algorithm Algorithm
	current   atomic.Pointer[keySet]
}

var _ ports.KeyRing = (*Ring)(nil)

// NewRing makes a ring whose new keys are for an algorithm. Keys for others may be held as well.
func NewRing(algorithm Algorithm) *Ring { return &Ring{algorithm: algorithm} }

// JWKS returns the public keys as a JWK Set document (RFC 7517, RFC 8037): the one that signs first, the others in the order
// in which they were given. It is the same bytes as long as the keys are. The slice is the caller's own.
func (r *Ring) JWKS() []byte {
	keys := r.current.Load()
	if keys == nil {
		return []byte(`{"keys":[]}`)
	}
	return bytes.Clone(keys.jwks)
}

// Generate makes a key that goes by its thumbprint.
func (r *Ring) Generate(now time.Time) (ports.SigningKey, error) {
	text, err := generatePEM(r.algorithm)
	if err != nil {
		return ports.SigningKey{}, err
	}
	one, err := parseOne(text)
	if err != nil {
		return ports.SigningKey{}, err
	}
	return ports.SigningKey{ID: one.public.jwk.ID, PEM: domain.NewSecret(string(text)), CreatedAt: now}, nil
}

// Use takes keys in place of those before. The signing one is published first, the others as they come. With an error, which
// quotes none of them, nothing changes. Tokens that were verified before are verified again, unless the keys are the same.
func (r *Ring) Use(keys []ports.SigningKey, signing string) error {
	found := make([]pair, 1, 1+len(keys))
	var made time.Time
	for _, kept := range keys {
		one, err := parseOne([]byte(kept.PEM.Reveal()))
		switch {
		case err != nil:
			return err
		case one.public.jwk.ID != kept.ID:
			return errors.New("a token key does not go by its thumbprint")
		case kept.ID == signing:
			found[0], made = one, kept.CreatedAt
		}
		found = append(found, one)
	}
	if found[0].private == nil {
		return fmt.Errorf("sign tokens: %w", errNoKey)
	}
	next, err := join(found)
	if err != nil {
		return err
	}
	next.made = made
	if held := r.current.Load(); held == nil || string(held.jwks) != string(next.jwks) {
		r.current.Store(next)
	}
	return nil
}

// parseOne reads a single PEM block.
func parseOne(text []byte) (pair, error) {
	block, rest := pem.Decode(text)
	if block == nil || len(bytes.TrimSpace(rest)) > 0 {
		return pair{}, errors.New("a token key is not one block of PEM")
	}
	return parseBlock(block)
}
