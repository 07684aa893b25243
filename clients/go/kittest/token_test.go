package kittest_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

type object = map[string]any

// issuer is a service's keys: it publishes them and signs with them.
type issuer struct {
	server  *httptest.Server
	fetches atomic.Int64
	headers http.Header

	mu     sync.Mutex
	keys   []object
	status int
	tag    string
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	i := &issuer{headers: http.Header{}}
	i.server = httptest.NewServer(i)
	t.Cleanup(i.server.Close)
	return i
}

func (i *issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	i.fetches.Add(1)
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.status != 0 {
		w.WriteHeader(i.status)
		return
	}
	for name, values := range i.headers {
		w.Header()[name] = values
	}
	if i.tag != "" {
		w.Header().Set("ETag", i.tag)
		if r.Header.Get("If-None-Match") == i.tag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	_ = json.NewEncoder(w).Encode(object{"keys": i.keys})
}

func (i *issuer) answer(status int) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.status = status
}

func encode(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }

// signer is a key under a name, and the algorithm that it is for.
type signer struct {
	id     string
	method jwt.SigningMethod
	key    crypto.Signer
}

func (i *issuer) publish(keys ...object) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.keys = append(i.keys, keys...)
}

func newEdDSA(t *testing.T, id string) (signer, object) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return signer{id, jwt.SigningMethodEdDSA, private},
		object{"kty": "OKP", "crv": "Ed25519", "kid": id, "use": "sig", "alg": "EdDSA", "x": encode(public)}
}

func newES256(t *testing.T, id string) (signer, object) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	point, err := private.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return signer{id, jwt.SigningMethodES256, private},
		object{"kty": "EC", "crv": "P-256", "kid": id, "alg": "ES256", "x": encode(point[1:33]), "y": encode(point[33:])}
}

// claims are those of a good token; overrides replace some, nil takes one out.
func claims(overrides object) jwt.MapClaims {
	now := time.Now()
	all := jwt.MapClaims{
		"iss": "menjin", "aud": []string{"menjin"}, "sub": "u1", "sid": "s1", "jti": "t1", "roles": []string{"user"},
		"iat": now.Unix(), "exp": now.Add(time.Hour).Unix(), "ver": 3,
	}
	for name, value := range overrides {
		all[name] = value
		if value == nil {
			delete(all, name)
		}
	}
	return all
}

// token signs claims. The header is that of a good one but for overrides.
func (s signer) token(t *testing.T, said jwt.Claims, header object) string {
	t.Helper()
	token := jwt.NewWithClaims(s.method, said)
	token.Header["kid"] = s.id
	for name, value := range header {
		token.Header[name] = value
		if value == nil {
			delete(token.Header, name)
		}
	}
	text, err := token.SignedString(s.key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
