package portstest

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// RefreshTokens is the contract of how refresh tokens are made. Open returns a maker with a key that no other call of open
// returns.
func RefreshTokens(t *testing.T, open func(t *testing.T) ports.RefreshTokens) {
	t.Helper()
	check(t, func(t *testing.T) *refreshTokens {
		return &refreshTokens{
			RefreshTokens: open(t), foreign: open, user: newUserID(), session: domain.SessionID{ID: newID()},
		}
	}, refreshTokenContracts)
}

// refreshTokens are the maker under test, the way to another, and whom to make tokens for.
type refreshTokens struct {
	ports.RefreshTokens
	foreign func(t *testing.T) ports.RefreshTokens
	user    domain.UserID
	session domain.SessionID
}

func (r *refreshTokens) mint(t *testing.T, first byte) domain.RefreshToken {
	t.Helper()
	return must(r.Mint(r.user, r.session, [32]byte{first, 2, 3}))(t)
}

func (r *refreshTokens) wantParsed(t *testing.T, want domain.RefreshToken) {
	t.Helper()
	got, err := r.Parse(domain.NewSecret(want.Reveal()))
	if err != nil {
		t.Errorf("parse: %v", err)
	}
	if diff := diff(want, got); diff != "" || got.Hash() != want.Hash() {
		t.Errorf("token differs (-want +got):\n%s", diff)
	}
	if got.UserID != r.user || got.SessionID != r.session {
		t.Errorf("token: got user %v, session %v, want %v, %v", got.UserID, got.SessionID, r.user, r.session)
	}
}

func wantForged(t *testing.T, what string, tokens ports.RefreshTokens, text string) {
	t.Helper()
	got, err := tokens.Parse(domain.NewSecret(text))
	if !errors.Is(err, domain.ErrRefreshTokenInvalid) {
		t.Errorf("parse %s: got error %v, want %v", what, err, domain.ErrRefreshTokenInvalid)
	}
	if diff := diff(domain.RefreshToken{}, got); diff != "" {
		t.Errorf("parse %s: got a token beside the error, want none:\n%s", what, diff)
	}
	if err != nil && len(text) > 8 && strings.Contains(err.Error(), text) {
		t.Errorf("parse %s: the error holds the token: %v", what, err)
	}
}

var refreshTokenContracts = []contract[*refreshTokens]{
	{"what was minted is read back", func(t *testing.T, _ context.Context, r *refreshTokens) {
		r.wantParsed(t, r.mint(t, 1))
	}},
	{"tokens differ by their random bytes, user and session", func(t *testing.T, _ context.Context, r *refreshTokens) {
		first := r.mint(t, 1)
		for what, other := range map[string]domain.RefreshToken{
			"random bytes": r.mint(t, 2),
			"user":         must(r.Mint(newUserID(), r.session, [32]byte{1, 2, 3}))(t),
			"session":      must(r.Mint(r.user, domain.SessionID{ID: newID()}, [32]byte{1, 2, 3}))(t),
			"key":          must(r.foreign(t).Mint(r.user, r.session, [32]byte{1, 2, 3}))(t),
		} {
			if other.Hash() == first.Hash() {
				t.Errorf("tokens of another %s are the same", what)
			}
		}
	}},
	{"a token has one successor, for the same session", func(t *testing.T, _ context.Context, r *refreshTokens) {
		token := r.mint(t, 1)
		first := must(r.Successor(token))(t)
		parsed := must(r.Parse(token.Secret))(t)
		for range 3 {
			if again := must(r.Successor(parsed))(t); !again.Equal(first.Secret) {
				t.Error("successor made again: got another, want the same")
			}
		}
		r.wantParsed(t, first)
	}},
	{"successors never come back", func(t *testing.T, _ context.Context, r *refreshTokens) {
		seen := map[domain.RefreshHash]bool{}
		for token, i := r.mint(t, 1), 0; i < 200; i++ {
			if seen[token.Hash()] {
				t.Fatalf("successor %d was there before", i)
			}
			seen[token.Hash()] = true
			r.wantParsed(t, token)
			token = must(r.Successor(token))(t)
		}
		if next := must(r.Successor(r.mint(t, 2)))(t); seen[next.Hash()] {
			t.Error("tokens of other random bytes have a successor in common")
		}
	}},
	{"a successor is not found without the key", func(t *testing.T, _ context.Context, r *refreshTokens) {
		token := r.mint(t, 1)
		next := must(r.Successor(token))(t)
		if guess, err := r.foreign(t).Successor(token); err == nil && guess.Equal(next.Secret) {
			t.Error("another key makes the same successor")
		}
	}},
	{"a token of a foreign key is refused", func(t *testing.T, _ context.Context, r *refreshTokens) {
		foreign := r.foreign(t)
		wantForged(t, "a foreign token", r, must(foreign.Mint(r.user, r.session, [32]byte{1, 2, 3}))(t).Reveal())
		wantForged(t, "a token in a foreign place", foreign, r.mint(t, 1).Reveal())
	}},
	{"a token changed in any character is refused", func(t *testing.T, _ context.Context, r *refreshTokens) {
		for _, token := range []domain.RefreshToken{r.mint(t, 1), must(r.Successor(r.mint(t, 1)))(t)} {
			text := token.Reveal()
			for i := range text {
				wantForged(t, "a changed token", r, flip(text, i))
			}
		}
	}},
	{"a token that was cut or prolonged is refused", func(t *testing.T, _ context.Context, r *refreshTokens) {
		text := r.mint(t, 1).Reveal()
		for i := range text {
			wantForged(t, "a cut token", r, text[:i])
			wantForged(t, "a token cut in front", r, text[i+1:])
		}
		for _, more := range []string{text + "A", text + "AAAA", text + "=", text + "\n", " " + text, text + text} {
			wantForged(t, "a prolonged token", r, more)
		}
	}},
	{"what is no token is refused", func(t *testing.T, _ context.Context, r *refreshTokens) {
		for _, text := range []string{
			"", ".", "Bearer x", "\x00", "\xff\xfe", "门禁", strings.Repeat("A", 86), strings.Repeat("a", 1<<16), strings.Repeat(".", 1<<16),
		} {
			wantForged(t, "garbage", r, text)
		}
	}},
	{"callers do not disturb one another", func(t *testing.T, _ context.Context, r *refreshTokens) {
		want := must(r.Successor(r.mint(t, 1)))(t)
		var calling sync.WaitGroup
		for range 16 {
			calling.Go(func() {
				token, err := r.Mint(r.user, r.session, [32]byte{1, 2, 3})
				if err != nil {
					t.Errorf("mint: %v", err)
					return
				}
				if got, err := r.Successor(token); err != nil || !got.Equal(want.Secret) {
					t.Errorf("successor: error %v, want the same for all", err)
				}
				if got, err := r.Parse(token.Secret); err != nil || got.SessionID != r.session {
					t.Errorf("parse: got %v, error %v, want %v", got.SessionID, err, r.session)
				}
			})
		}
		calling.Wait()
	}},
}
