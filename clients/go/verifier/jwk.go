package verifier

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"encoding/base64"
	"encoding/json"
	"errors"

	"github.com/golang-jwt/jwt/v5"
)

const maxKeys = 64

type key struct {
	algorithm string
	public    any
}

// keySet is what was fetched at a time. It never changes.
type keySet struct {
	byID       map[string]key
	text, etag string
}

func (s *keySet) get(id string) (key, bool) {
	if s == nil {
		return key{}, false
	}
	found, known := s.byID[id]
	return found, known
}

// parseKeys reads a JWK Set (RFC 7517). Keys of other kinds and uses are passed over.
func parseKeys(text []byte) (*keySet, error) {
	var document struct {
		Keys []jwk `json:"keys"`
	}
	if err := json.Unmarshal(text, &document); err != nil || len(document.Keys) > maxKeys {
		return nil, errors.New("the answer is not a key set")
	}
	set := &keySet{byID: make(map[string]key)}
	for _, one := range document.Keys {
		if found, ok := one.read(); ok {
			set.byID[one.ID] = found
		}
	}
	if len(set.byID) == 0 {
		return nil, errors.New("the key set has no key for tokens")
	}
	return set, nil
}

type jwk struct {
	Type      string `json:"kty"`
	Curve     string `json:"crv"`
	ID        string `json:"kid"`
	Use       string `json:"use"`
	Algorithm string `json:"alg"`
	X         string `json:"x"`
	Y         string `json:"y"`
}

func (j *jwk) read() (key, bool) {
	if j.ID == "" || (j.Use != "" && j.Use != "sig") {
		return key{}, false
	}
	x, xErr := base64.RawURLEncoding.DecodeString(j.X)
	y, yErr := base64.RawURLEncoding.DecodeString(j.Y)
	if xErr != nil || yErr != nil {
		return key{}, false
	}
	switch eddsa, es256 := jwt.SigningMethodEdDSA.Alg(), jwt.SigningMethodES256.Alg(); {
	case j.Type == "OKP" && j.Curve == "Ed25519" && j.is(eddsa) && len(x) == ed25519.PublicKeySize:
		return key{eddsa, ed25519.PublicKey(x)}, true
	case j.Type == "EC" && j.Curve == "P-256" && j.is(es256) && len(x) == 32 && len(y) == 32:
		public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append(append([]byte{4}, x...), y...))
		return key{es256, public}, err == nil
	}
	return key{}, false
}

func (j *jwk) is(algorithm string) bool { return j.Algorithm == "" || j.Algorithm == algorithm }
