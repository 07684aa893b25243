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
	said, err := json.Marshal(newStatement(i.issuer, i.audience, claims))
	if err != nil {
		return domain.Secret{}, fmt.Errorf("write token: %w", err)
	}
	const longest = ed25519.SignatureSize // ES256's are as long
	text := make([]byte, 0, len(i.keys.signer.header)+1+encoding.EncodedLen(len(said))+1+encoding.EncodedLen(longest))
	text = append(append(text, i.keys.signer.header...), '.')
	text = encoding.AppendEncode(text, said)
	signature, err := i.keys.signer.method.Sign(string(text), i.keys.private)
	if err != nil {
		return domain.Secret{}, fmt.Errorf("sign token: %w", err)
	}
	text = encoding.AppendEncode(append(text, '.'), signature)
	return domain.NewSecret(string(text)), nil
}
