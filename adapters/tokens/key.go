package tokens

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/golang-jwt/jwt/v5"
)

// Algorithm says how tokens are signed, by its name in RFC 7518 and RFC 8037.
type Algorithm string

// The algorithms there are. None of them has a key that could be mistaken for another's.
const (
	EdDSA Algorithm = "EdDSA"
	ES256 Algorithm = "ES256"
)

var errUnknownAlgorithm = errors.New("unknown token algorithm: want EdDSA or ES256")

// jwk is the public half of a key (RFC 7517). The members that its thumbprint is made of come first, in the order the
// thumbprint wants them.
type jwk struct {
	Curve string `json:"crv"`
	Type  string `json:"kty"`
	X     string `json:"x"`
	Y     string `json:"y,omitempty"`

	ID        string    `json:"kid,omitempty"`
	Use       string    `json:"use,omitempty"`
	Algorithm Algorithm `json:"alg,omitempty"`
}

// verifyKey is a public key and the only method it may be used with.
type verifyKey struct {
	method jwt.SigningMethod
	public crypto.PublicKey
	jwk    jwk
	header string // of the tokens it signs
}

func newVerifyKey(public crypto.PublicKey) (verifyKey, error) {
	switch public := public.(type) {
	case ed25519.PublicKey:
		return identified(verifyKey{
			method: jwt.SigningMethodEdDSA, public: public,
			jwk: jwk{Type: "OKP", Curve: "Ed25519", X: encode(public)},
		})
	case *ecdsa.PublicKey:
		if public.Curve != elliptic.P256() {
			break
		}
		point, err := public.Bytes() // 4, X, Y
		if err != nil {
			return verifyKey{}, errors.New("a token key is no point of its curve")
		}
		return identified(verifyKey{
			method: jwt.SigningMethodES256, public: public,
			jwk: jwk{Type: "EC", Curve: "P-256", X: encode(point[1:33]), Y: encode(point[33:])},
		})
	}
	return verifyKey{}, errors.New("a token key is neither Ed25519 nor P-256")
}

func identified(key verifyKey) (verifyKey, error) {
	members, err := json.Marshal(key.jwk)
	if err != nil {
		return verifyKey{}, err
	}
	thumbprint := sha256.Sum256(members)
	key.jwk.ID, key.jwk.Use, key.jwk.Algorithm = encode(thumbprint[:]), "sig", Algorithm(key.method.Alg())
	header, err := json.Marshal(map[string]string{"alg": key.method.Alg(), "kid": key.jwk.ID, "typ": "JWT"})
	if err != nil {
		return verifyKey{}, err
	}
	key.header = encode(header)
	return key, nil
}

// encoding is that of every part of a token.
var encoding = base64.RawURLEncoding

func encode(raw []byte) string { return encoding.EncodeToString(raw) }

func generateKey(algorithm Algorithm) (crypto.Signer, error) {
	switch algorithm {
	case EdDSA:
		_, private, err := ed25519.GenerateKey(rand.Reader)
		return private, err
	case ES256:
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	default:
		return nil, fmt.Errorf("%w, not %q", errUnknownAlgorithm, algorithm)
	}
}
