package tokens

import (
	"errors"

	"github.com/golang-jwt/jwt/v5"

	"github.com/menjin-id/menjin/domain"
)

// payload is what a token says, as it is written in the token. Times are whole seconds, rounded down.
type payload struct {
	jwt.RegisteredClaims
	SessionID string        `json:"sid"`
	Roles     []domain.Role `json:"roles"`
}

var errIncomplete = errors.New("token lacks a claim or has a malformed one")

func newPayload(issuer, audience string, claims domain.Claims) *payload {
	return &payload{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer:    issuer,
			Audience:  jwt.ClaimStrings{audience},
			Subject:   claims.UserID.String(),
			ID:        claims.TokenID.String(),
			IssuedAt:  jwt.NewNumericDate(claims.IssuedAt),
			ExpiresAt: jwt.NewNumericDate(claims.ExpiresAt),
		},
		SessionID: claims.SessionID.String(),
		Roles:     append([]domain.Role{}, claims.Roles...), // an empty list, never null
	}
}

func (p *payload) claims() (domain.Claims, error) {
	if p.IssuedAt == nil || p.ExpiresAt == nil {
		return domain.Claims{}, errIncomplete
	}
	user, userErr := domain.ParseUserID(p.Subject)
	session, sessionErr := domain.ParseSessionID(p.SessionID)
	token, tokenErr := domain.ParseID(p.ID)
	if userErr != nil || sessionErr != nil || tokenErr != nil {
		return domain.Claims{}, errIncomplete
	}
	return domain.Claims{
		TokenID: token, UserID: user, SessionID: session, Roles: knownRoles(p.Roles),
		IssuedAt: p.IssuedAt.UTC(), ExpiresAt: p.ExpiresAt.UTC(),
	}, nil
}

// knownRoles passes over roles that a newer release may have put into a token: they grant nothing here, and refusing the
// token would throw their holders out during an upgrade.
func knownRoles(named []domain.Role) []domain.Role {
	var known []domain.Role
	for _, name := range named {
		if role, err := domain.ParseRole(string(name)); err == nil {
			known = append(known, role)
		}
	}
	return known
}
