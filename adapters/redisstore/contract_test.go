package redisstore_test

import (
	"testing"

	"github.com/menjin-id/menjin/adapters/redisstore"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports/portstest"
)

// onEach runs a contract on each kind of server.
func onEach(t *testing.T, contract func(t *testing.T, open portstest.OpenSessions)) {
	t.Helper()
	t.Parallel()
	for name, open := range servers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			contract(t, func(t *testing.T, limits domain.SessionLimits) portstest.SessionsParts {
				t.Helper()
				s := open(t, limits)
				return portstest.SessionsParts{Store: s.store, Refresher: s.store, Lister: s.store, Keys: s.store, Advance: s.age}
			})
		})
	}
}

func TestSessions(t *testing.T) { onEach(t, portstest.Sessions) }

func TestRefreshModel(t *testing.T) { onEach(t, portstest.RefreshModel) }

func TestRefreshLinearizable(t *testing.T) { onEach(t, portstest.RefreshLinearizable) }

func TestLimiter(t *testing.T) {
	t.Parallel()
	for name, open := range servers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			portstest.RateLimiter(t, func(t *testing.T) portstest.LimiterParts {
				s := open(t, limits)
				return portstest.LimiterParts{Limiter: redisstore.NewLimiter(s.client), Advance: s.age}
			})
		})
	}
}

func TestSharedTokens(t *testing.T) {
	t.Parallel()
	for name, open := range servers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			portstest.SharedTokens(t, func(t *testing.T) portstest.SharedTokensParts {
				s := open(t, limits)
				return portstest.SharedTokensParts{Tokens: redisstore.NewSharedTokens(s.client, s.cipher), Advance: s.age}
			})
		})
	}
}

func TestAttempts(t *testing.T) {
	t.Parallel()
	for name, open := range servers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			portstest.AttemptCounter(t, func(t *testing.T) portstest.AttemptsParts {
				s := open(t, limits)
				return portstest.AttemptsParts{Counter: redisstore.NewAttempts(s.client), Advance: s.age}
			})
		})
	}
}
