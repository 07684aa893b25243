package portstest

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// TokensParts are the two sides of access tokens.
type TokensParts struct {
	Issuer   ports.TokenIssuer
	Verifier ports.TokenVerifier
}

// Tokens is the contract of access tokens. Open returns an issuer and a verifier of what it issues, with a key that no other
// call of open returns.
func Tokens(t *testing.T, open func(t *testing.T) TokensParts) {
	t.Helper()
	check(t, func(t *testing.T) *tokens { return &tokens{TokensParts: open(t), foreign: open} }, tokenContracts)
}

// tokens are the two sides under test, and the way to others.
type tokens struct {
	TokensParts
	foreign func(t *testing.T) TokensParts
}

// newClaims makes claims in whole seconds, which is what a token keeps.
func newClaims() domain.Claims {
	issued := now().Truncate(time.Second)
	return domain.Claims{
		TokenID: newID(), UserID: newUserID(), SessionID: domain.SessionID{ID: newID()},
		Roles: []domain.Role{domain.RoleUser, domain.RoleAdmin}, UserVersion: 7, IssuedAt: issued, ExpiresAt: issued.Add(15 * time.Minute),
	}
}

func (p TokensParts) issue(t *testing.T, claims domain.Claims) domain.Secret {
	t.Helper()
	token, err := p.Issuer.Issue(claims)
	if err != nil {
		t.Fatalf("issue: %v", err)
	}
	return token
}

func (p TokensParts) wantInvalid(t *testing.T, what, token string) {
	t.Helper()
	claims, err := p.Verifier.Verify(domain.NewSecret(token))
	if !errors.Is(err, domain.ErrTokenInvalid) {
		t.Errorf("verify %s: got error %v, want %v", what, err, domain.ErrTokenInvalid)
	}
	if diff := diff(domain.Claims{}, claims); diff != "" {
		t.Errorf("verify %s: got claims beside the error, want none:\n%s", what, diff)
	}
}

// flip changes the highest of the six bits that a character of base64url stands for, which is never one of padding; it
// returns another character for another.
func flip(text string, at int) string {
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	other := byte('A')
	if digit := strings.IndexByte(digits, text[at]); digit >= 0 {
		other = digits[digit^32]
	}
	return text[:at] + string(other) + text[at+1:]
}

var tokenContracts = []contract[*tokens]{
	{"what was issued is read back", func(t *testing.T, _ context.Context, p *tokens) {
		plain := newClaims()
		plain.Roles = nil
		for _, want := range []domain.Claims{newClaims(), plain} {
			got, err := p.Verifier.Verify(p.issue(t, want))
			if err != nil {
				t.Fatalf("verify: %v", err)
			}
			if diff := diff(want, got); diff != "" {
				t.Errorf("claims differ (-want +got):\n%s", diff)
			}
			if got.IssuedAt.Location() != time.UTC || got.ExpiresAt.Location() != time.UTC {
				t.Errorf("times: got %v and %v, want them in UTC", got.IssuedAt, got.ExpiresAt)
			}
		}
	}},
	{"a token is read whether it has expired or not", func(t *testing.T, _ context.Context, p *tokens) {
		for _, shift := range []time.Duration{-24 * time.Hour, 24 * time.Hour} {
			claims := newClaims()
			claims.IssuedAt, claims.ExpiresAt = claims.IssuedAt.Add(shift), claims.ExpiresAt.Add(shift)
			if _, err := p.Verifier.Verify(p.issue(t, claims)); err != nil {
				t.Errorf("verify a token issued %s from now: %v", shift, err)
			}
		}
	}},
	{"claims a caller changes stay its own", func(t *testing.T, _ context.Context, p *tokens) {
		want := newClaims()
		token := p.issue(t, want)
		for range 2 {
			got, err := p.Verifier.Verify(token)
			if err != nil || len(got.Roles) != 2 || got.Roles[0] != domain.RoleUser {
				t.Fatalf("verify: got %+v, error %v, want %+v", got, err, want)
			}
			got.Roles[0] = domain.RoleAdmin
		}
	}},
	{"a token of a foreign key is invalid", func(t *testing.T, _ context.Context, p *tokens) {
		foreign := p.foreign(t)
		token := foreign.issue(t, newClaims())
		p.wantInvalid(t, "a foreign token", token.Reveal())
		foreign.wantInvalid(t, "a token in a foreign place", p.issue(t, newClaims()).Reveal())
	}},
	{"what is no token is invalid", func(t *testing.T, _ context.Context, p *tokens) {
		for _, text := range []string{
			"", ".", "..", "...", "a.b.c", "Bearer x", "\x00", "\xff\xfe", "门禁", strings.Repeat("a", 1<<16), strings.Repeat(".", 1<<16),
		} {
			p.wantInvalid(t, "garbage", text)
		}
	}},
	{"a token changed in any character is invalid", func(t *testing.T, _ context.Context, p *tokens) {
		token := p.issue(t, newClaims()).Reveal()
		for i := range token {
			p.wantInvalid(t, "a changed token", flip(token, i))
		}
	}},
	{"a token that was cut or prolonged is invalid", func(t *testing.T, _ context.Context, p *tokens) {
		token := p.issue(t, newClaims()).Reveal()
		for i := range token {
			p.wantInvalid(t, "a cut token", token[:i])
		}
		p.wantInvalid(t, "a prolonged token", token+"AAAA")
		p.wantInvalid(t, "a token with white space", " "+token)
	}},
	{"a signature belongs to its own token", func(t *testing.T, _ context.Context, p *tokens) {
		first, second := p.issue(t, newClaims()).Reveal(), p.issue(t, newClaims()).Reveal()
		cut := strings.LastIndexByte(first, '.')
		if other := strings.LastIndexByte(second, '.'); cut > 0 && other > 0 {
			p.wantInvalid(t, "a token with another's signature", first[:cut]+second[other:])
		}
	}},
	{"callers do not disturb one another", func(t *testing.T, _ context.Context, p *tokens) {
		shared := p.issue(t, newClaims())
		var calling sync.WaitGroup
		for range 16 {
			calling.Go(func() {
				want := newClaims()
				token, err := p.Issuer.Issue(want)
				if err != nil {
					t.Errorf("issue: %v", err)
				}
				if got, err := p.Verifier.Verify(token); err != nil || got.TokenID != want.TokenID {
					t.Errorf("verify: got %v, error %v, want %v", got.TokenID, err, want.TokenID)
				}
				if _, err := p.Verifier.Verify(shared); err != nil {
					t.Errorf("verify: %v", err)
				}
			})
		}
		calling.Wait()
	}},
}
