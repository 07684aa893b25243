package tokens

import (
	"crypto/subtle"
	"encoding/base64"
	"fmt"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// A refresh token is the base64url of a version, a user, a session, a secret and a tag over them all. Its length is a multiple
// of three, so it is spelled in one way only.
const (
	refreshVersion = 1

	userAt    = 1
	sessionAt = userAt + 16
	secretAt  = sessionAt + 16
	tagAt     = secretAt + 32
	refreshAt = tagAt + 16 // its end

	refreshTable = "refresh_tokens"
)

// RefreshTokens is a ports.RefreshTokens. What it makes can be told from a forgery, and followed by its successor, by whoever
// has the cipher's key alone.
type RefreshTokens struct{ cipher ports.Cipher }

var _ ports.RefreshTokens = (*RefreshTokens)(nil)

// NewRefreshTokens makes tokens under the index key of a cipher.
func NewRefreshTokens(cipher ports.Cipher) *RefreshTokens { return &RefreshTokens{cipher} }

// Mint makes a token.
func (r *RefreshTokens) Mint(user domain.UserID, session domain.SessionID, random [32]byte) (domain.RefreshToken, error) {
	raw := make([]byte, 0, refreshAt)
	raw = append(raw, refreshVersion)
	raw = append(raw, user.ID[:]...)
	raw = append(raw, session.ID[:]...)
	raw = append(raw, random[:]...)
	tag, err := r.tag(raw)
	if err != nil {
		return domain.RefreshToken{}, err
	}
	text := domain.NewSecret(encode(append(raw, tag...)))
	return domain.RefreshToken{Secret: text, UserID: user, SessionID: session}, nil
}

// Successor makes the token that follows.
func (r *RefreshTokens) Successor(token domain.RefreshToken) (domain.RefreshToken, error) {
	secret, err := r.cipher.Index(refreshTable, "successor", token.Secret)
	if err != nil {
		return domain.RefreshToken{}, fmt.Errorf("derive refresh token: %w", err)
	}
	return r.Mint(token.UserID, token.SessionID, [32]byte(secret))
}

// Parse reads a token. It looks at nothing in it before its tag.
func (r *RefreshTokens) Parse(text domain.Secret) (domain.RefreshToken, error) {
	if len(text.Reveal()) != base64.RawURLEncoding.EncodedLen(refreshAt) {
		return domain.RefreshToken{}, domain.ErrRefreshTokenInvalid
	}
	// Line breaks, which the decoder skips, leave less than is wanted.
	raw, err := base64.RawURLEncoding.DecodeString(text.Reveal())
	if err != nil || len(raw) != refreshAt {
		return domain.RefreshToken{}, domain.ErrRefreshTokenInvalid
	}
	tag, err := r.tag(raw[:tagAt])
	if err != nil {
		return domain.RefreshToken{}, err
	}
	if subtle.ConstantTimeCompare(tag, raw[tagAt:]) != 1 || raw[0] != refreshVersion {
		return domain.RefreshToken{}, domain.ErrRefreshTokenInvalid
	}
	return domain.RefreshToken{
		Secret:    text,
		UserID:    domain.UserID{ID: domain.ID(raw[userAt:sessionAt])},
		SessionID: domain.SessionID{ID: domain.ID(raw[sessionAt:secretAt])},
	}, nil
}

func (r *RefreshTokens) tag(said []byte) ([]byte, error) {
	digest, err := r.cipher.Index(refreshTable, "tag", domain.NewSecret(string(said)))
	if err != nil {
		return nil, fmt.Errorf("tag refresh token: %w", err)
	}
	return digest[:refreshAt-tagAt], nil
}
