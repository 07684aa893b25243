package tokens_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"testing"
	"time"

	"github.com/menjin-id/menjin/adapters/tokens"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
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
	ring     *tokens.Ring
	issuer   *tokens.Issuer
	verifier *tokens.Verifier
}

func newSetup(tb testing.TB, algorithm tokens.Algorithm) setup {
	tb.Helper()
	private := generate(tb, algorithm)
	ring := ringOf(tb, private.Reveal())
	return setup{
		private: private, ring: ring,
		issuer:   tokens.NewIssuer(ring, issuer, audience),
		verifier: tokens.NewVerifier(ringOf(tb, private.Reveal()), issuer, audience),
	}
}

func generate(tb testing.TB, algorithm tokens.Algorithm) domain.Secret {
	tb.Helper()
	key, err := tokens.NewRing(algorithm).Generate(sample.IssuedAt)
	if err != nil {
		tb.Fatal(err)
	}
	return key.PEM
}

// ringOf holds keys in PEM, the first of which signs.
func ringOf(tb testing.TB, texts ...string) *tokens.Ring {
	tb.Helper()
	var keys []ports.SigningKey
	for _, text := range texts {
		keys = append(keys, ports.SigningKey{ID: thumbprint(tb, text), PEM: domain.NewSecret(text)})
	}
	ring := tokens.NewRing(tokens.EdDSA)
	if err := ring.Use(keys, keys[0].ID); err != nil {
		tb.Fatal(err)
	}
	return ring
}

// thumbprint is that of RFC 7638 of a private or public key.
func thumbprint(tb testing.TB, text string) string {
	tb.Helper()
	block, _ := pem.Decode([]byte(text))
	public, err := x509.ParsePKIXPublicKey(block.Bytes)
	if block.Type == "PRIVATE KEY" {
		public, err = signerOf(tb, domain.NewSecret(text)).Public(), nil
	}
	if err != nil {
		tb.Fatal(err)
	}
	var members string
	switch public := public.(type) {
	case ed25519.PublicKey:
		members = `{"crv":"Ed25519","kty":"OKP","x":"` + encode(public) + `"}`
	case *ecdsa.PublicKey:
		point, err := public.Bytes()
		if err != nil {
			tb.Fatal(err)
		}
		members = `{"crv":"P-256","kty":"EC","x":"` + encode(point[1:33]) + `","y":"` + encode(point[33:]) + `"}`
	}
	sum := sha256.Sum256([]byte(members))
	return encode(sum[:])
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
	return published(tb, s.ring.JWKS())
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
