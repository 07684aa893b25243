package tokens

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

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
// expiry and the session each time. When the ring changes, all of it is forgotten.
type Verifier struct {
	ring             *Ring
	issuer, audience string
	parser           *jwt.Parser
	proofs           atomic.Pointer[proofs]
	verifications    verifications
}

var _ ports.TokenVerifier = (*Verifier)(nil)

// proofs are the tokens that were verified with the same keys. A proof that is found while the keys change goes to where it
// belongs, and is forgotten with them.
type proofs struct {
	keys   *keySet
	proven *cache
}

// NewVerifier accepts tokens that a key of the ring has signed in the name of an issuer, for an audience.
func NewVerifier(ring *Ring, issuer, audience string) *Verifier {
	return &Verifier{
		ring: ring, issuer: issuer, audience: audience,
		// The time and the parties are checked elsewhere: the parser would ask the clock.
		parser:        jwt.NewParser(jwt.WithStrictDecoding(), jwt.WithoutClaimsValidation()),
		verifications: newVerifications(),
	}
}

// current returns the proofs that hold under the keys of the moment, or nil as long as there are none.
func (v *Verifier) current() *proofs {
	for {
		keys, held := v.ring.current.Load(), v.proofs.Load()
		if keys == nil || (held != nil && held.keys == keys) {
			return held
		}
		v.proofs.CompareAndSwap(held, &proofs{keys, newCache(cacheSize, wallClock{})})
	}
}

// Verify returns what the token says. The roles are the caller's own. As long as the ring has no key, nobody can know, and the
// error is domain.ErrUnavailable.
func (v *Verifier) Verify(token domain.Secret) (domain.Claims, error) {
	text := token.Reveal()
	if len(text) > maxToken {
		return domain.Claims{}, fmt.Errorf("%w: %w", domain.ErrTokenInvalid, errShape)
	}
	// A copy with room on the stack for usual tokens: a plain conversion would put it on the heap, once a request.
	digest := sha256.Sum256(append(make([]byte, 0, 1<<10), text...))
	held := v.current()
	if held == nil {
		return domain.Claims{}, fmt.Errorf("%w: %w", domain.ErrUnavailable, errNoKey)
	}
	claims, found := held.proven.get(digest)
	if found {
		v.verifications.cached.Inc()
	} else {
		var err error
		if claims, err = v.prove(held.keys, text); err != nil {
			v.verifications.refused.Inc()
			return domain.Claims{}, fmt.Errorf("%w: %w", domain.ErrTokenInvalid, err)
		}
		held.proven.put(digest, claims)
		v.verifications.proven.Inc()
	}
	claims.Roles = slices.Clone(claims.Roles)
	return claims, nil
}

// prove hides the parser's errors, which quote the token.
func (v *Verifier) prove(keys *keySet, text string) (domain.Claims, error) {
	// The decoder skips line breaks, so one token could be spelled in any number of ways and fill the cache with itself.
	if strings.ContainsAny(text, "\r\n") {
		return domain.Claims{}, errShape
	}
	said := &payload{}
	token, err := v.parser.ParseWithClaims(text, said, keys.of)
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

// of refuses a header that asks for anything unusual, before its signature is looked at. crit names extensions that
// must be understood (RFC 7515 §4.1.11), and none is.
func (k *keySet) of(token *jwt.Token) (any, error) {
	id, _ := token.Header["kid"].(string)
	key, known := k.byID[id]
	_, critical := token.Header["crit"]
	if !known || critical || token.Header["typ"] != "JWT" || token.Method != key.method {
		return nil, errHeader
	}
	return key.public, nil
}
