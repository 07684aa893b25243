package tokens

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/golang-jwt/jwt/v5"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// maxToken bounds what is looked at. A token of ours has some 600 bytes.
const maxToken = 4 << 10

var (
	errShape   = errors.New("not the text of a token")
	errHeader  = errors.New("header is not one of ours")
	errForeign = errors.New("issued by or for somebody else")
)

// Verifier is a ports.TokenVerifier. It trusts nothing a token says of its own verification but the name of the key: the
// algorithm is the key's, and keys or addresses of keys in the header are not looked at.
//
// It remembers tokens it has verified, by digest, so that a signature is checked once a token. Refused ones are not
// remembered, so nobody without a key can fill the memory. What is remembered is the proof alone: the caller asks for the
// expiry and the session each time.
type Verifier struct {
	keys             *Keys
	issuer, audience string
	parser           *jwt.Parser
	proven           *cache
}

var _ ports.TokenVerifier = (*Verifier)(nil)

// NewVerifier accepts tokens that the keys signed in the name of an issuer, for an audience.
func NewVerifier(keys *Keys, issuer, audience string) *Verifier {
	return &Verifier{
		keys: keys, issuer: issuer, audience: audience,
		// The time and the parties are checked elsewhere: the parser would ask the clock.
		parser: jwt.NewParser(jwt.WithStrictDecoding(), jwt.WithoutClaimsValidation()),
		proven: newCache(cacheSize, wallClock{}),
	}
}

// Verify returns what the token says. The roles are the caller's own.
func (v *Verifier) Verify(token domain.Secret) (domain.Claims, error) {
	text := token.Reveal()
	if len(text) > maxToken {
		return domain.Claims{}, fmt.Errorf("%w: %w", domain.ErrTokenInvalid, errShape)
	}
	// A copy with room on the stack for usual tokens: a plain conversion would put it on the heap, once a request.
	digest := sha256.Sum256(append(make([]byte, 0, 1<<10), text...))
	claims, found := v.proven.get(digest)
	if !found {
		var err error
		if claims, err = v.prove(text); err != nil {
			return domain.Claims{}, fmt.Errorf("%w: %w", domain.ErrTokenInvalid, err)
		}
		v.proven.put(digest, claims)
	}
	claims.Roles = slices.Clone(claims.Roles)
	return claims, nil
}

// prove hides the parser's errors, which quote the token.
func (v *Verifier) prove(text string) (domain.Claims, error) {
	// The decoder skips line breaks, so one token could be spelled in any number of ways and fill the cache with itself.
	if strings.ContainsAny(text, "\r\n") {
		return domain.Claims{}, errShape
	}
	said := &payload{}
	token, err := v.parser.ParseWithClaims(text, said, v.keyOf)
	switch {
	case errors.Is(err, errHeader):
		return domain.Claims{}, errHeader
	case errors.Is(err, jwt.ErrTokenSignatureInvalid):
		return domain.Claims{}, jwt.ErrTokenSignatureInvalid
	case err != nil || !token.Valid:
		return domain.Claims{}, errShape
	case said.Issuer != v.issuer || len(said.Audience) != 1 || said.Audience[0] != v.audience:
		return domain.Claims{}, errForeign
	}
	return said.claims()
}

// keyOf refuses a header that asks for anything unusual, before its signature is looked at. crit names extensions that
// must be understood (RFC 7515 §4.1.11), and none is.
func (v *Verifier) keyOf(token *jwt.Token) (any, error) {
	id, _ := token.Header["kid"].(string)
	key, known := v.keys.byID[id]
	_, critical := token.Header["crit"]
	if !known || critical || token.Header["typ"] != "JWT" || token.Method != key.method {
		return nil, errHeader
	}
	return key.public, nil
}
