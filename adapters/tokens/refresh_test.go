package tokens_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/menjin-id/menjin/adapters/tokens"
	"github.com/menjin-id/menjin/adapters/vault"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

func newCipher(tb testing.TB) ports.Cipher {
	tb.Helper()
	secret, err := vault.Generate()
	if err != nil {
		tb.Fatal(err)
	}
	cipher, err := vault.Parse(secret)
	if err != nil {
		tb.Fatal(err)
	}
	return cipher
}

func mint(tb testing.TB, refresh *tokens.RefreshTokens) domain.RefreshToken {
	tb.Helper()
	token, err := refresh.Mint(sample.UserID, sample.SessionID, [32]byte{7})
	if err != nil {
		tb.Fatal(err)
	}
	return token
}

func TestRefreshTokenIsReadBack(t *testing.T) {
	t.Parallel()
	refresh := tokens.NewRefreshTokens(newCipher(t))
	token := mint(t, refresh)
	for range 3 {
		got, err := refresh.Parse(domain.NewSecret(token.Reveal()))
		if err != nil || got.UserID != sample.UserID || got.SessionID != sample.SessionID || got.Hash() != token.Hash() {
			t.Fatalf("got %v, %v", got, err)
		}
		next, err := refresh.Successor(got)
		again, errAgain := refresh.Successor(token)
		if err != nil || errAgain != nil || next.Hash() != again.Hash() || next.Hash() == token.Hash() {
			t.Fatalf("successors: %v, %v, want two that are equal, and other than the token", err, errAgain)
		}
		token = next
	}
}

func TestForgedRefreshTokenIsRefused(t *testing.T) {
	t.Parallel()
	cipher := newCipher(t)
	refresh := tokens.NewRefreshTokens(cipher)
	text := mint(t, refresh).Reveal()
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	forged := map[string]string{
		"nothing": "", "foreign": mint(t, tokens.NewRefreshTokens(newCipher(t))).Reveal(),
		"cut": text[:len(text)-4], "longer": text + "AAAA", "padded": text + "=", "line break": text[:107] + "\n",
		"line break more": text[:50] + "\n" + text[50:], "space": text[:107] + " ", "huge": strings.Repeat("A", 1<<20),
		"zeros": encode(make([]byte, len(raw))), "standard base64": strings.Repeat("+", 108),
	}
	for at := range raw {
		for bit := range 8 {
			flipped := append([]byte(nil), raw...)
			flipped[at] ^= 1 << bit
			forged[fmt.Sprintf("bit %d of byte %d flipped", bit, at)] = encode(flipped)
		}
	}
	// Made by whoever has the key, for a version that does not exist.
	later := append([]byte{2}, raw[1:65]...)
	tag, err := cipher.Index("refresh_tokens", "tag", domain.NewSecret(string(later)))
	if err != nil {
		t.Fatal(err)
	}
	forged["another version"] = encode(append(later, tag[:16]...))
	for name, text := range forged {
		if got, err := refresh.Parse(domain.NewSecret(text)); !errors.Is(err, domain.ErrRefreshTokenInvalid) {
			t.Errorf("%s: got %v, %v, want %v", name, got, err, domain.ErrRefreshTokenInvalid)
		}
	}
}

func TestRefreshTokenDoesNotPrint(t *testing.T) {
	t.Parallel()
	token := mint(t, tokens.NewRefreshTokens(newCipher(t)))
	if printed := fmt.Sprintf("%v %+v %#v %s", token, token, token, token); strings.Contains(printed, token.Reveal()[20:40]) {
		t.Errorf("printed as %s", printed)
	}
}

type brokenCipher struct{ ports.Cipher }

var errBroken = errors.New("the key store is out of reach")

func (brokenCipher) Index(string, string, domain.Secret) ([]byte, error) { return nil, errBroken }

func TestBrokenCipherIsNoInvalidToken(t *testing.T) {
	t.Parallel()
	token := mint(t, tokens.NewRefreshTokens(newCipher(t)))
	broken := tokens.NewRefreshTokens(brokenCipher{})
	_, minted := broken.Mint(sample.UserID, sample.SessionID, [32]byte{})
	_, followed := broken.Successor(token)
	_, parsed := broken.Parse(token.Secret)
	for name, err := range map[string]error{"mint": minted, "successor": followed, "parse": parsed} {
		if !errors.Is(err, errBroken) || errors.Is(err, domain.ErrRefreshTokenInvalid) {
			t.Errorf("%s: got %v, want %v", name, err, errBroken)
		}
	}
}

func FuzzParseRefreshToken(f *testing.F) {
	refresh := tokens.NewRefreshTokens(newCipher(f))
	genuine := mint(f, refresh).Reveal()
	f.Add("")
	f.Add(genuine)
	f.Add(genuine[:107] + "A")
	f.Add(strings.Repeat("\n", 108))
	f.Fuzz(func(t *testing.T, text string) {
		got, err := refresh.Parse(domain.NewSecret(text))
		if text == genuine && err != nil || text != genuine && !errors.Is(err, domain.ErrRefreshTokenInvalid) {
			t.Errorf("got %v, %v", got, err)
		}
	})
}

func BenchmarkParseRefreshToken(b *testing.B) {
	refresh := tokens.NewRefreshTokens(newCipher(b))
	text := mint(b, refresh).Secret
	b.ReportAllocs()
	for b.Loop() {
		if _, err := refresh.Parse(text); err != nil {
			b.Fatal(err)
		}
	}
}
