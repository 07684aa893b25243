package tokens

import (
	"crypto/ed25519"
	"encoding/json"
	"fmt"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// Issuer is a ports.TokenIssuer.
type Issuer struct {
	ring             *Ring
	issuer, audience string
}

var _ ports.TokenIssuer = (*Issuer)(nil)

// NewIssuer signs tokens with a ring's key of the moment, in the name of an issuer, for an audience.
func NewIssuer(ring *Ring, issuer, audience string) *Issuer {
	return &Issuer{ring: ring, issuer: issuer, audience: audience}
}

// Issue signs a token. The fractions of its seconds are lost.
func (i *Issuer) Issue(claims domain.Claims) (domain.Secret, error) {
	keys := i.ring.current.Load()
	if keys == nil {
		return domain.Secret{}, fmt.Errorf("sign token: %w", errNoKey)
	}
	said, err := json.Marshal(newStatement(i.issuer, i.audience, claims))
	if err != nil {
		return domain.Secret{}, fmt.Errorf("write token: %w", err)
	}
	const longest = ed25519.SignatureSize // ES256's are as long
	text := make([]byte, 0, len(keys.signer.header)+1+encoding.EncodedLen(len(said))+1+encoding.EncodedLen(longest))
	text = append(append(text, keys.signer.header...), '.')
	text = encoding.AppendEncode(text, said)
	signature, err := keys.signer.method.Sign(string(text), keys.private)
	if err != nil {
		return domain.Secret{}, fmt.Errorf("sign token: %w", err)
	}
	text = encoding.AppendEncode(append(text, '.'), signature)
	return domain.NewSecret(string(text)), nil
}
