package session

import (
	"context"
	"fmt"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// Check tells who is calling.
type Check struct {
	tokens   ports.TokenVerifier
	sessions ports.SessionStore
	now      ports.Clock
}

// NewCheck makes the use case.
func NewCheck(tokens ports.TokenVerifier, sessions ports.SessionStore, now ports.Clock) *Check {
	return &Check{tokens, sessions, now}
}

// Do verifies an access token and slides its session. It returns domain.ErrTokenMissing, ErrTokenInvalid, ErrTokenExpired or
// ErrSessionEnded when the caller must sign in again, and ErrUnavailable when the sessions cannot be reached: nobody is let
// in then, and nobody is told to sign in again either.
func (uc *Check) Do(ctx context.Context, token domain.Secret) (domain.Claims, error) {
	if token.IsZero() {
		return domain.Claims{}, domain.ErrTokenMissing
	}
	claims, err := uc.tokens.Verify(token)
	if err != nil {
		return domain.Claims{}, fmt.Errorf("verify token: %w", err)
	}
	now := uc.now()
	if err := claims.Check(now); err != nil {
		return domain.Claims{}, err
	}
	// The roles kept with the session are those of this moment; those in the token are of when it was issued.
	claims.Roles, err = uc.sessions.Touch(ctx, claims.UserID, claims.SessionID, now)
	if err != nil {
		return domain.Claims{}, fmt.Errorf("touch session: %w", err)
	}
	return claims, nil
}
