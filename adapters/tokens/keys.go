package tokens

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"

	"github.com/menjin-id/menjin/domain"
)

// Keys are the keys of an issuer: one that signs, and all that verify. They do not print. They never change; a Ring takes
// other ones in their place.
type Keys struct {
	private crypto.Signer
	signer  verifyKey // the public half of private
	byID    map[string]verifyKey
	jwks    []byte
}

var (
	errNoKey   = errors.New("there is no token key")
	errDamaged = errors.New("a token key is damaged")
)

// String keeps package fmt from showing the private key.
func (k *Keys) String() string { return "[redacted]" }

// GoString keeps %#v from showing the private key.
func (k *Keys) GoString() string { return "[redacted]" }

// JWKS returns the public keys as a JWK Set document (RFC 7517, RFC 8037): the one that signs first, the others in the
// order in which they were given. It is the same bytes as long as the keys are. The slice is the caller's own.
func (k *Keys) JWKS() []byte { return bytes.Clone(k.jwks) }

// GenerateKey makes a private key in PEM, for an operator to keep in the configuration.
func GenerateKey(algorithm Algorithm) (domain.Secret, error) {
	text, err := generatePEM(algorithm)
	return domain.NewSecret(string(text)), err
}

// ParseKeys reads PEM blocks: first the private key that signs, which must be one for the algorithm, then any number of
// private or public keys that only verify. The error quotes none of them.
func ParseKeys(secret domain.Secret, algorithm Algorithm) (*Keys, error) {
	return parsePEM([]byte(secret.Reveal()), algorithm)
}

func generatePEM(algorithm Algorithm) ([]byte, error) {
	private, err := generateKey(algorithm)
	if err != nil {
		return nil, fmt.Errorf("generate token key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, fmt.Errorf("encode token key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

func parsePEM(text []byte, algorithm Algorithm) (*Keys, error) {
	if algorithm != EdDSA && algorithm != ES256 {
		return nil, fmt.Errorf("%w, not %q", errUnknownAlgorithm, algorithm)
	}
	var found []pair
	for text = bytes.TrimSpace(text); len(text) > 0; text = bytes.TrimSpace(text) {
		block, rest := pem.Decode(text)
		if block == nil {
			return nil, errors.New("token keys are not in PEM")
		}
		one, err := parseBlock(block)
		if err != nil {
			return nil, err
		}
		found = append(found, one)
		text = rest
	}
	if len(found) == 0 {
		return nil, errNoKey
	}
	if found[0].private == nil || found[0].public.jwk.Algorithm != algorithm {
		return nil, fmt.Errorf("the first token key must be a private key for %s", algorithm)
	}
	return join(found)
}

// pair is a key as it was read: without its private half where only the public one was there.
type pair struct {
	private crypto.Signer
	public  verifyKey
}

// join makes Keys of which the first signs.
func join(found []pair) (*Keys, error) {
	keys := &Keys{private: found[0].private, signer: found[0].public, byID: make(map[string]verifyKey)}
	var set struct {
		Keys []jwk `json:"keys"`
	}
	for _, one := range found {
		id := one.public.jwk.ID
		if _, twice := keys.byID[id]; !twice {
			keys.byID[id] = one.public
			set.Keys = append(set.Keys, one.public.jwk)
		}
	}
	var err error
	keys.jwks, err = json.Marshal(set)
	return keys, err
}

// parseBlock returns no private key for a block that holds a public one. Errors of package x509 are dropped: they may
// quote what they choke on.
func parseBlock(block *pem.Block) (pair, error) {
	switch block.Type {
	case "PRIVATE KEY":
		parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			return pair{}, errDamaged
		}
		private, ok := parsed.(crypto.Signer)
		if !ok {
			return pair{}, errors.New("a token key cannot sign")
		}
		key, err := newVerifyKey(private.Public())
		return pair{private, key}, err
	case "PUBLIC KEY":
		public, err := x509.ParsePKIXPublicKey(block.Bytes)
		if err != nil {
			return pair{}, errDamaged
		}
		key, err := newVerifyKey(public)
		return pair{nil, key}, err
	default:
		return pair{}, errors.New(`token keys must be PEM blocks "PRIVATE KEY" (PKCS #8) or "PUBLIC KEY"`)
	}
}
