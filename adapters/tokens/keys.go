package tokens

import (
	"crypto"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"time"
)

// keySet are the keys of the moment: one that signs, and all that verify. They do not print. They never change; a Ring takes
// other ones in their place.
type keySet struct {
	private crypto.Signer
	signer  verifyKey // the public half of private
	byID    map[string]verifyKey
	jwks    []byte
	made    time.Time // when the key was made that signs
}

var (
	errNoKey   = errors.New("there is no token key")
	errDamaged = errors.New("a token key is damaged")
)

// String keeps package fmt from showing the private key.
func (k *keySet) String() string { return "[redacted]" }

// GoString keeps %#v from showing the private key.
func (k *keySet) GoString() string { return "[redacted]" }

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

// pair is a key as it was read: without its private half where only the public one was there.
type pair struct {
	private crypto.Signer
	public  verifyKey
}

// join makes a set of which the first signs.
func join(found []pair) (*keySet, error) {
	keys := &keySet{private: found[0].private, signer: found[0].public, byID: make(map[string]verifyKey)}
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
