package tokens_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"strings"
	"testing"

	"github.com/menjin-id/menjin/adapters/tokens"
	"github.com/menjin-id/menjin/domain"
)

func TestForgedTokenIsRefused(t *testing.T) {
	t.Parallel()
	s := newSetup(t, tokens.EdDSA)
	attacker := newSetup(t, tokens.EdDSA)
	key, foreign := s.signer(t), attacker.signer(t)
	header, said := s.header(t), payload()
	genuine := signEd25519(unsigned(t, header, said), key)
	if _, err := s.verifier.Verify(domain.NewSecret(genuine)); err != nil {
		t.Fatalf("the genuine one: %v", err)
	}
	parts := strings.Split(genuine, ".")
	ours := func(header, payload any) string { return signEd25519(unsigned(t, header, payload), key) }
	theirs := func(header any) string { return signEd25519(unsigned(t, header, said), foreign) }
	raw := func(header, payload string) string {
		return signEd25519(encode([]byte(header))+"."+encode([]byte(payload)), key)
	}

	forged := map[string]string{
		"nothing":             "",
		"dots":                "..",
		"alg none":            unsigned(t, header.with("alg", "none"), said) + ".",
		"alg None":            unsigned(t, header.with("alg", "None"), said) + ".",
		"alg none, signed":    unsigned(t, header.with("alg", "none"), said) + "." + parts[2],
		"no alg":              ours(header.without("alg"), said),
		"alg a number":        ours(header.with("alg", 1), said),
		"alg ES256":           ours(header.with("alg", "ES256"), said),
		"no kid":              ours(header.without("kid"), said),
		"kid a list":          ours(header.with("kid", []any{header["kid"]}), said),
		"kid a path":          ours(header.with("kid", "../../dev/null"), said),
		"unknown kid":         theirs(attacker.header(t)),
		"our kid, their key":  theirs(header),
		"embedded jwk":        theirs(header.with("jwk", attacker.published(t)[0])),
		"embedded jwk, kid":   theirs(attacker.header(t).with("jwk", attacker.published(t)[0])),
		"jku":                 theirs(header.with("jku", "https://attacker.example/jwks.json")),
		"x5u":                 theirs(header.with("x5u", "https://attacker.example/chain.pem")),
		"crit":                ours(header.with("crit", []string{"exp"}), said),
		"crit b64":            ours(header.with("crit", []string{"b64"}).with("b64", false), said),
		"another typ":         ours(header.with("typ", "logout+jwt"), said),
		"no typ":              ours(header.without("typ"), said),
		"header null":         raw("null", "{}"),
		"header a list":       raw("[]", "{}"),
		"payload null":        ours(header, nil),
		"payload a list":      ours(header, []string{}),
		"payload cut":         parts[0] + "." + parts[1][:len(parts[1])-4] + "." + parts[2],
		"signature cut":       genuine[:len(genuine)-4],
		"no signature":        parts[0] + "." + parts[1] + ".",
		"two parts":           parts[0] + "." + parts[1],
		"four parts":          genuine + "." + parts[2],
		"padding":             genuine + "==",
		"line break":          parts[0] + "." + parts[1] + "." + parts[2][:40] + "\n" + parts[2][40:],
		"space":               " " + genuine,
		"standard base64":     parts[0] + "." + parts[1] + "." + strings.NewReplacer("-", "+", "_", "/").Replace(parts[2]) + "+",
		"too long":            ours(header.with("pad", strings.Repeat("x", 4<<10)), said),
		"other subject":       parts[0] + "." + strings.Split(unsigned(t, header, said.with("sub", domain.ID{9}.String())), ".")[1] + "." + parts[2],
		"doubled claim":       parts[0] + "." + encode([]byte(`{"sub":"`+domain.ID{9}.String()+`",`+string(mustDecode(t, parts[1])[1:]))) + "." + parts[2],
		"another issuer":      ours(header, said.with("iss", "menjin ")),
		"no issuer":           ours(header, said.without("iss")),
		"another audience":    ours(header, said.with("aud", "Menjin-clients")),
		"no audience":         ours(header, said.without("aud")),
		"audience among many": ours(header, said.with("aud", []string{audience, "other"})),
		"malformed subject":   ours(header, said.with("sub", "1")),
		"malformed session":   ours(header, said.with("sid", "1")),
		"malformed token id":  ours(header, said.with("jti", "1")),
	}
	for _, claim := range []string{"sub", "sid", "jti", "iat", "exp"} {
		forged["no "+claim] = ours(header, said.without(claim))
		forged["null "+claim] = ours(header, said.with(claim, nil))
	}
	for name, text := range hmacForgeries(t, s) {
		forged[name] = text
	}
	for name, text := range forged {
		got, err := s.verifier.Verify(domain.NewSecret(text))
		if !errors.Is(err, domain.ErrTokenInvalid) {
			t.Errorf("%s: got %+v, %v, want %v", name, got, err, domain.ErrTokenInvalid)
		}
	}
}

// hmacForgeries sign with what everybody can know of the key, in every form it is written in.
func hmacForgeries(t *testing.T, s setup) map[string]string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(s.signer(t).Public())
	if err != nil {
		t.Fatal(err)
	}
	forged := make(map[string]string)
	for form, secret := range map[string][]byte{
		"raw key": mustDecode(t, s.published(t)[0]["x"]), "DER": der, "JWKS": s.ring.JWKS(),
		"PEM": pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), "nothing": nil,
	} {
		text := unsigned(t, s.header(t).with("alg", "HS256"), payload())
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(text))
		forged["HS256 over "+form] = text + "." + encode(mac.Sum(nil))
	}
	return forged
}

func TestTokenIsSpelledInOneWayOnly(t *testing.T) {
	t.Parallel()
	s := newSetup(t, tokens.EdDSA)
	text := s.issue(t, sample).Reveal()
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := len(text) - 1
	for _, r := range alphabet {
		other := text[:last] + string(r)
		if _, err := s.verifier.Verify(domain.NewSecret(other)); (err == nil) != (other == text) {
			t.Errorf("last character %q instead of %q: got %v", r, text[last], err)
		}
	}
}

func FuzzVerify(f *testing.F) {
	s := newSetup(f, tokens.EdDSA)
	genuine := s.issue(f, sample).Reveal()
	f.Add("")
	f.Add("..")
	f.Add(genuine[:len(genuine)-1])
	f.Add(unsigned(f, s.header(f).with("alg", "none"), payload()) + ".")
	f.Add(unsigned(f, s.header(f).with("crit", []any{}), nil) + ".AA")
	f.Add("e30.bnVsbA.AA")
	f.Add(strings.Repeat("A.", 3000))
	f.Fuzz(func(t *testing.T, text string) {
		if got, err := s.verifier.Verify(domain.NewSecret(text)); err == nil && text != genuine {
			t.Errorf("a forged token says %+v", got)
		} else if err != nil && !errors.Is(err, domain.ErrTokenInvalid) {
			t.Errorf("got %v, want %v", err, domain.ErrTokenInvalid)
		}
	})
}
