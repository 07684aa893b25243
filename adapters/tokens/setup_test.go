package tokens_test

import (
	"crypto"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"testing"
	"time"

	"github.com/menjin-id/menjin/adapters/tokens"
	"github.com/menjin-id/menjin/domain"
)

const issuer, audience = "menjin", "menjin-clients"

var sample = domain.Claims{
	TokenID:   domain.ID{1},
	UserID:    domain.UserID{ID: domain.ID{2}},
	SessionID: domain.SessionID{ID: domain.ID{3}},
	Roles:     []domain.Role{domain.RoleUser, domain.RoleAdmin},
	IssuedAt:  time.Date(2040, 1, 2, 3, 4, 5, 0, time.UTC),
	ExpiresAt: time.Date(2040, 1, 2, 5, 4, 5, 0, time.UTC),
}

// setup is an issuer and a verifier that hold the same keys, and those keys' own secrets.
type setup struct {
	private  domain.Secret
	keys     *tokens.Keys
	issuer   *tokens.Issuer
	verifier *tokens.Verifier
}

func newSetup(tb testing.TB, algorithm tokens.Algorithm) setup {
	tb.Helper()
	private := generate(tb, algorithm)
	keys := parse(tb, private.Reveal(), algorithm)
	return setup{
		private: private, keys: keys,
		issuer:   tokens.NewIssuer(ringOf(keys), issuer, audience),
		verifier: tokens.NewVerifier(ringOf(keys), issuer, audience),
	}
}

func generate(tb testing.TB, algorithm tokens.Algorithm) domain.Secret {
	tb.Helper()
	private, err := tokens.GenerateKey(algorithm)
	if err != nil {
		tb.Fatal(err)
	}
	return private
}

func parse(tb testing.TB, text string, algorithm tokens.Algorithm) *tokens.Keys {
	tb.Helper()
	keys, err := tokens.ParseKeys(domain.NewSecret(text), algorithm)
	if err != nil {
		tb.Fatal(err)
	}
	return keys
}

func ringOf(keys *tokens.Keys) *tokens.Ring {
	ring := tokens.NewRing(tokens.EdDSA)
	ring.Hold(keys)
	return ring
}

func (s setup) issue(tb testing.TB, claims domain.Claims) domain.Secret {
	tb.Helper()
	token, err := s.issuer.Issue(claims)
	if err != nil {
		tb.Fatal(err)
	}
	return token
}

// signer is the private key behind the setup, for tokens that the issuer would never make.
func (s setup) signer(tb testing.TB) crypto.Signer { return signerOf(tb, s.private) }

func signerOf(tb testing.TB, private domain.Secret) crypto.Signer {
	tb.Helper()
	block, _ := pem.Decode([]byte(private.Reveal()))
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		tb.Fatal(err)
	}
	return key.(crypto.Signer)
}

// fields is a JSON object of a token.
type fields map[string]any

func (f fields) with(name string, value any) fields {
	changed := fields{name: value}
	for n, v := range f {
		if n != name {
			changed[n] = v
		}
	}
	return changed
}

func (f fields) without(name string) fields {
	changed := f.with(name, nil)
	delete(changed, name)
	return changed
}

func (s setup) header(tb testing.TB) fields {
	tb.Helper()
	return fields{"alg": "EdDSA", "typ": "JWT", "kid": s.published(tb)[0]["kid"]}
}

func payload() fields {
	return fields{
		"iss": issuer, "aud": audience, "sub": sample.UserID.String(), "sid": sample.SessionID.String(),
		"jti": sample.TokenID.String(), "iat": sample.IssuedAt.Unix(), "exp": sample.ExpiresAt.Unix(), "roles": []string{"user"},
	}
}

func (s setup) published(tb testing.TB) []map[string]string {
	tb.Helper()
	return published(tb, s.keys.JWKS())
}

func published(tb testing.TB, jwks []byte) []map[string]string {
	tb.Helper()
	var set struct{ Keys []map[string]string }
	if err := json.Unmarshal(jwks, &set); err != nil {
		tb.Fatal(err)
	}
	return set.Keys
}

func encode(raw []byte) string { return base64.RawURLEncoding.EncodeToString(raw) }

func unsigned(tb testing.TB, header, payload any) string {
	tb.Helper()
	h, err := json.Marshal(header)
	if err != nil {
		tb.Fatal(err)
	}
	p, err := json.Marshal(payload)
	if err != nil {
		tb.Fatal(err)
	}
	return encode(h) + "." + encode(p)
}

func signEd25519(text string, key crypto.Signer) string {
	return text + "." + encode(ed25519.Sign(key.(ed25519.PrivateKey), []byte(text)))
}

func mustDecode(tb testing.TB, text string) []byte {
	tb.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		tb.Fatal(err)
	}
	return raw
}
