package tokens_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"

	"github.com/menjin-id/menjin/adapters/tokens"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

func pkcs8(t *testing.T, private any) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func publicPEM(t *testing.T, private domain.Secret) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(signerOf(t, private).Public())
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

// The key and its thumbprint are those of RFC 8037, appendix A.1 to A.3.
func TestPublishedKeyIsThatOfRFC8037(t *testing.T) {
	t.Parallel()
	seed := mustDecode(t, "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A")
	ring := ringOf(t, pkcs8(t, ed25519.NewKeyFromSeed(seed)))
	want := `{"keys":[{"crv":"Ed25519","kty":"OKP","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",` +
		`"kid":"kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k","use":"sig","alg":"EdDSA"}]}`
	if got := string(ring.JWKS()); got != want {
		t.Errorf("JWKS:\n got %s\nwant %s", got, want)
	}
}

// The key is that of RFC 7515, appendix A.3.
func TestPublishedES256KeyHasItsCoordinates(t *testing.T) {
	t.Parallel()
	private, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), mustDecode(t, "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"))
	if err != nil {
		t.Fatal(err)
	}
	got := string(ringOf(t, pkcs8(t, private)).JWKS())
	want := `{"keys":[{"crv":"P-256","kty":"EC","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",` +
		`"y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","kid":"`
	if !strings.HasPrefix(got, want) {
		t.Errorf("JWKS:\n got %s\nwant %s…", got, want)
	}
}

func TestPublishedKeysAreStableAndHoldNothingPrivate(t *testing.T) {
	t.Parallel()
	first, second := generate(t, tokens.EdDSA), generate(t, tokens.ES256)
	texts := []string{first.Reveal(), publicPEM(t, second), first.Reveal()}
	ring := ringOf(t, texts...)
	ring.JWKS()[0] = 'x'
	if again := ringOf(t, texts...); !bytes.Equal(ring.JWKS(), again.JWKS()) {
		t.Errorf("the same keys were published as %s and %s", ring.JWKS(), again.JWKS())
	}
	if got := strings.Count(string(ring.JWKS()), `"kid"`); got != 2 {
		t.Errorf("keys published: got %d, want 2: the doubled one once", got)
	}
	seed := signerOf(t, first).(ed25519.PrivateKey).Seed()
	if bytes.Contains(ring.JWKS(), []byte(encode(seed))) || bytes.Contains(ring.JWKS(), []byte(`"d"`)) {
		t.Error("a private key was published")
	}
}

func TestUnusableKeysAreRefusedWithoutQuotingThem(t *testing.T) {
	t.Parallel()
	const planted = "plantedkey"
	eddsa := generate(t, tokens.EdDSA)
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"nothing":       " \n",
		"no PEM":        planted,
		"text behind":   eddsa.Reveal() + planted,
		"damaged":       "-----BEGIN PRIVATE KEY-----\nb1BsYW50ZWRLZXk=\n-----END PRIVATE KEY-----\n",
		"another block": "-----BEGIN " + strings.ToUpper(planted) + "-----\nAAAA\n-----END " + strings.ToUpper(planted) + "-----\n",
		"RSA":           pkcs8(t, rsaKey),
		"P-384":         pkcs8(t, p384),
		"two in one":    eddsa.Reveal() + eddsa.Reveal(),
	} {
		// Under the name of a good key, so that the name is not what is wrong with it.
		key := ports.SigningKey{ID: thumbprint(t, eddsa.Reveal()), PEM: domain.NewSecret(text)}
		err := tokens.NewRing(tokens.EdDSA).Use([]ports.SigningKey{key}, key.ID)
		if err == nil || strings.Contains(strings.ToLower(err.Error()), strings.ToLower(planted)) {
			t.Errorf("%s: got %v, want an error that quotes nothing", name, err)
		}
		if err != nil && strings.Contains(err.Error(), "thumbprint") {
			t.Errorf("%s: got %v, want it refused before it is named", name, err)
		}
	}
}

func TestKeysDoNotPrint(t *testing.T) {
	t.Parallel()
	s := newSetup(t, tokens.EdDSA)
	key := signerOf(t, s.private).(ed25519.PrivateKey)
	printed := fmt.Sprintf("%v %+v %#v %v %+v %#v", s.ring, s.ring, s.ring, s.issuer, s.verifier, s)
	for _, form := range []string{fmt.Sprint([]byte(key))[1:40], fmt.Sprintf("%#v", []byte(key))[7:40], s.private.Reveal()[40:60]} {
		if strings.Contains(printed, form) {
			t.Errorf("a private key was printed: %s", printed)
		}
	}
}
