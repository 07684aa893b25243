package tokens

import (
	"fmt"

	"github.com/golang-jwt/jwt/v5"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// Issuer is a ports.TokenIssuer.
type Issuer struct {
	keys             *Keys
	issuer, audience string
}

var _ ports.TokenIssuer = (*Issuer)(nil)

// NewIssuer signs tokens in the name of an issuer, for an audience.
func NewIssuer(keys *Keys, issuer, audience string) *Issuer {
	return &Issuer{keys: keys, issuer: issuer, audience: audience}
}

// Issue signs a token. The fractions of its seconds are lost.
func (i *Issuer) Issue(claims domain.Claims) (domain.Secret, error) {
	token := jwt.NewWithClaims(i.keys.signer.method, newPayload(i.issuer, i.audience, claims)) // its typ is "JWT"
	token.Header["kid"] = i.keys.signer.jwk.ID
	text, err := token.SignedString(i.keys.private)
	if err != nil {
		return domain.Secret{}, fmt.Errorf("sign token: %w", err)
	}
	return domain.NewSecret(text), nil
}
