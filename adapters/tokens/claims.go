package tokens

import (
	"errors"

	"github.com/golang-jwt/jwt/v5"

	"github.com/menjin-id/menjin/domain"
)

// statement is what a token says, as it is written. Times are whole seconds, rounded down.
type statement struct {
	Issuer    string        `json:"iss"`
	Subject   string        `json:"sub"`
	Audience  [1]string     `json:"aud"`
	ExpiresAt int64         `json:"exp"`
	IssuedAt  int64         `json:"iat"`
	ID        string        `json:"jti"`
	SessionID string        `json:"sid"`
	Roles     []domain.Role `json:"roles"`
	Version   int64         `json:"ver"`
}

func newStatement(issuer, audience string, claims domain.Claims) *statement {
	return &statement{
		Issuer: issuer, Subject: claims.UserID.String(), Audience: [1]string{audience},
		ExpiresAt: claims.ExpiresAt.Unix(), IssuedAt: claims.IssuedAt.Unix(),
		ID: claims.TokenID.String(), SessionID: claims.SessionID.String(),
		Roles:   append([]domain.Role{}, claims.Roles...), // an empty list, never null
		Version: claims.UserVersion,
	}
}

// payload is a statement as it is read from whoever sent it.
type payload struct {
	jwt.RegisteredClaims
	SessionID string        `json:"sid"`
	Roles     []domain.Role `json:"roles"`
	Version   int64         `json:"ver"`
}

var errIncomplete = errors.New("token lacks a claim or has a malformed one")

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
		TokenID: token, UserID: user, SessionID: session, Roles: knownRoles(p.Roles), UserVersion: p.Version,
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
