package memory

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/menjin-id/menjin/domain"
)

// Tokens is a ports.TokenIssuer and TokenVerifier whose tokens are claims in JSON and an HMAC of them.
type Tokens struct{ key []byte }

// NewTokens returns an issuer with a key of its own.
func NewTokens() *Tokens {
	key := make([]byte, 32)
	_, _ = rand.Read(key)
	return &Tokens{key}
}

var base64url = base64.RawURLEncoding.Strict()

func (t *Tokens) sign(body string) string {
	digest := hmac.New(sha256.New, t.key)
	digest.Write([]byte(body))
	return base64url.EncodeToString(digest.Sum(nil))
}

// Issue is part of ports.TokenIssuer.
func (t *Tokens) Issue(claims domain.Claims) (domain.Secret, error) {
	text, err := json.Marshal(claims)
	if err != nil {
		return domain.Secret{}, fmt.Errorf("write claims: %w", err)
	}
	body := base64url.EncodeToString(text)
	return domain.NewSecret(body + "." + t.sign(body)), nil
}

// Verify is part of ports.TokenVerifier.
func (t *Tokens) Verify(token domain.Secret) (domain.Claims, error) {
	body, signature, _ := strings.Cut(token.Reveal(), ".")
	if !hmac.Equal([]byte(signature), []byte(t.sign(body))) {
		return domain.Claims{}, domain.ErrTokenInvalid
	}
	text, err := base64url.DecodeString(body)
	if err != nil {
		return domain.Claims{}, domain.ErrTokenInvalid
	}
	var claims domain.Claims
	if err := json.Unmarshal(text, &claims); err != nil {
		return domain.Claims{}, domain.ErrTokenInvalid
	}
	return claims, nil
}
