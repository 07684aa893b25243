package ports

import "github.com/menjin-id/menjin/domain"

// TokenIssuer signs access tokens. Needed by sign-in.
type TokenIssuer interface {
	Issue(claims domain.Claims) (domain.Secret, error)
}

// TokenVerifier reads access tokens. Needed by the check.
type TokenVerifier interface {
	// Verify returns what a token says once its signature, issuer and audience are proven, and domain.ErrTokenInvalid
	// otherwise. It does not look at the clock: the caller asks Claims.Check.
	Verify(token domain.Secret) (domain.Claims, error)
}

// RefreshTokens makes refresh tokens, and knows its own from forged ones.
type RefreshTokens interface {
	// Mint makes a token for a session from random bytes that only it may hold.
	Mint(user domain.UserID, session domain.SessionID, random [32]byte) (domain.RefreshToken, error)
	// Successor returns the token that replaces one: always the same, and not to be found without the service's key. So the
	// answer to a refresh can be given again without keeping it.
	Successor(token domain.RefreshToken) (domain.RefreshToken, error)
	// Parse reads a token that the service has made, at any time, and returns domain.ErrRefreshTokenInvalid for anything
	// else: whoever makes one up can neither open nor end a session.
	Parse(text domain.Secret) (domain.RefreshToken, error)
}
