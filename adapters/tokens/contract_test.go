package tokens_test

import (
	"testing"

	"github.com/menjin-id/menjin/adapters/tokens"
	"github.com/menjin-id/menjin/ports"
	"github.com/menjin-id/menjin/ports/portstest"
)

func TestTokens(t *testing.T) {
	t.Parallel()
	for _, algorithm := range algorithms {
		t.Run(string(algorithm), func(t *testing.T) {
			t.Parallel()
			portstest.Tokens(t, func(t *testing.T) portstest.TokensParts {
				s := newSetup(t, algorithm)
				return portstest.TokensParts{Issuer: s.issuer, Verifier: s.verifier}
			})
		})
	}
}

func TestRefreshTokens(t *testing.T) {
	t.Parallel()
	portstest.RefreshTokens(t, func(t *testing.T) ports.RefreshTokens { return tokens.NewRefreshTokens(newCipher(t)) })
}

func TestRememberedTokenCostsLittle(t *testing.T) {
	s := newSetup(t, tokens.EdDSA)
	token := s.issue(t, sample)
	got := testing.AllocsPerRun(100, func() {
		if _, err := s.verifier.Verify(token); err != nil {
			t.Error(err)
		}
	})
	if got > 1 { // the caller's roles
		t.Errorf("allocations: got %v, want at most 1", got)
	}
}
