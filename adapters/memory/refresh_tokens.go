package memory

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"

	"github.com/menjin-id/menjin/domain"
)

// RefreshTokens is a ports.RefreshTokens whose tokens are user, session, 32 bytes, and an HMAC of them.
type RefreshTokens struct{ key []byte }

// NewRefreshTokens returns a maker with a key of its own.
func NewRefreshTokens() *RefreshTokens {
	key := make([]byte, 32)
	_, _ = rand.Read(key)
	return &RefreshTokens{key}
}

const bodyLength = 16 + 16 + 32

func (r *RefreshTokens) digest(purpose string, parts ...[]byte) []byte {
	digest := hmac.New(sha256.New, r.key)
	digest.Write([]byte(purpose))
	for _, part := range parts {
		digest.Write(part)
	}
	return digest.Sum(nil)
}

// Mint is part of ports.RefreshTokens.
func (r *RefreshTokens) Mint(user domain.UserID, session domain.SessionID, random [32]byte) (domain.RefreshToken, error) {
	body := append(append(append([]byte{}, user.ID[:]...), session.ID[:]...), random[:]...)
	text := base64url.EncodeToString(append(body, r.digest("proof", body)...))
	return domain.RefreshToken{Secret: domain.NewSecret(text), UserID: user, SessionID: session}, nil
}

// Successor is part of ports.RefreshTokens.
func (r *RefreshTokens) Successor(token domain.RefreshToken) (domain.RefreshToken, error) {
	return r.Mint(token.UserID, token.SessionID, [32]byte(r.digest("successor", []byte(token.Reveal()))))
}

// Parse is part of ports.RefreshTokens.
func (r *RefreshTokens) Parse(text domain.Secret) (domain.RefreshToken, error) {
	raw, err := base64url.DecodeString(text.Reveal())
	if err != nil || len(raw) != bodyLength+sha256.Size || base64url.EncodeToString(raw) != text.Reveal() ||
		!hmac.Equal(raw[bodyLength:], r.digest("proof", raw[:bodyLength])) {
		return domain.RefreshToken{}, domain.ErrRefreshTokenInvalid
	}
	return domain.RefreshToken{
		Secret: text, UserID: domain.UserID{ID: domain.ID(raw[:16])}, SessionID: domain.SessionID{ID: domain.ID(raw[16:32])},
	}, nil
}
