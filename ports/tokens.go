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
