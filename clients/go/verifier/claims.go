package verifier

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// maxToken bounds what is looked at. A token of the service has some 600 bytes.
const maxToken = 4 << 10

// Claims are what a token says.
type Claims struct {
	UserID    string
	SessionID string
	TokenID   string
	Roles     []string // those of now, where the feed told of a change
	Version   int64    // of the user when the session was opened; 0: the token does not say
	IssuedAt  time.Time
	ExpiresAt time.Time
}

// HasRole tells whether the user has a role.
func (c *Claims) HasRole(role string) bool { return slices.Contains(c.Roles, role) }

// payload is a token's content as it is read from whoever sent it.
type payload struct {
	jwt.RegisteredClaims
	SessionID string   `json:"sid"`
	Roles     []string `json:"roles"`
	Version   *int64   `json:"ver"`
}

func invalid(why string) error { return fmt.Errorf("%w: %s", ErrInvalid, why) }

func unavailable(why string, err error) error {
	if err == nil {
		return fmt.Errorf("%w: %s", ErrUnavailable, why)
	}
	return fmt.Errorf("%w: %s: %w", ErrUnavailable, why, err)
}

// prove checks everything about a token that does not change with time.
func (v *Verifier) prove(ctx context.Context, text string) (Claims, error) {
	// The decoder skips line breaks, so that one token could be spelled in any number of ways.
	if len(text) > maxToken || strings.ContainsAny(text, "\r\n") {
		return Claims{}, invalid("it is not the text of a token")
	}
	came := time.Now()
	keys, err := v.keys.current(ctx)
	if err != nil {
		return Claims{}, err
	}
	digest := sha256.Sum256([]byte(text))
	if claims, found := v.proven.get(keys, digest); found {
		return claims, nil
	}
	said := &payload{}
	keyOf := func(token *jwt.Token) (any, error) { return v.keyOf(ctx, token, came) }
	if _, err := v.parser.ParseWithClaims(text, said, keyOf); err != nil {
		return Claims{}, hide(err)
	}
	claims, err := v.read(said)
	if err == nil {
		v.proven.put(keys, digest, claims)
	}
	return claims, err
}

// hide keeps the parser's own words back, which quote the token.
func hide(err error) error {
	switch {
	case errors.Is(err, ErrUnavailable):
		return unavailable("its key is not known and the service cannot be asked now", nil)
	case errors.Is(err, jwt.ErrTokenUnverifiable):
		return invalid("its header names no key of the service")
	case errors.Is(err, jwt.ErrTokenSignatureInvalid):
		return invalid("its signature is wrong")
	}
	return invalid("it is not the text of a token")
}

var errHeader = errors.New("header is not one of the service's")

// keyOf refuses a header that asks for anything unusual. crit names extensions that must be understood, and none is; keys and
// addresses of keys in the header are not looked at.
func (v *Verifier) keyOf(ctx context.Context, token *jwt.Token, came time.Time) (any, error) {
	id, _ := token.Header["kid"].(string)
	_, critical := token.Header["crit"]
	if id == "" || critical || token.Header["typ"] != "JWT" {
		return nil, errHeader
	}
	key, err := v.keys.find(ctx, id, came)
	if err != nil {
		return nil, err
	}
	if key.algorithm != token.Method.Alg() {
		return nil, errHeader
	}
	return key.public, nil
}

func (v *Verifier) read(said *payload) (Claims, error) {
	switch {
	case said.Issuer != v.options.Issuer || len(said.Audience) != 1 || said.Audience[0] != v.options.Audience:
		return Claims{}, invalid("it was issued by or for somebody else")
	case said.IssuedAt == nil || said.ExpiresAt == nil || said.NotBefore != nil ||
		said.Subject == "" || said.SessionID == "" || said.ID == "":
		return Claims{}, invalid("it lacks a claim")
	case said.Version != nil && *said.Version < 1:
		return Claims{}, invalid("its version is malformed")
	}
	claims := Claims{
		UserID: said.Subject, SessionID: said.SessionID, TokenID: said.ID, Roles: said.Roles,
		IssuedAt: said.IssuedAt.UTC(), ExpiresAt: said.ExpiresAt.UTC(),
	}
	if said.Version != nil {
		claims.Version = *said.Version
	}
	return claims, nil
}

// proofs remember tokens whose signature was checked, by digest and in bounded memory. They hold for one set of keys; refused
// tokens are not remembered, so nobody without a key can fill the memory.
type proofs struct {
	mu           sync.Mutex
	keys         *keySet
	newer, older map[[sha256.Size]byte]Claims
}

const proofsHalf = 10_000

func newProofs() *proofs { return &proofs{} }

func (p *proofs) get(keys *keySet, digest [sha256.Size]byte) (Claims, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.keys != keys {
		return Claims{}, false
	}
	claims, found := p.newer[digest]
	if !found {
		claims, found = p.older[digest]
	}
	claims.Roles = slices.Clone(claims.Roles)
	return claims, found
}

func (p *proofs) put(keys *keySet, digest [sha256.Size]byte, claims Claims) {
	claims.Roles = slices.Clone(claims.Roles)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.keys != keys {
		p.keys, p.newer, p.older = keys, nil, nil
	}
	if len(p.newer) >= proofsHalf {
		p.newer, p.older = nil, p.newer
	}
	if p.newer == nil {
		p.newer = make(map[[sha256.Size]byte]Claims)
	}
	p.newer[digest] = claims
}
