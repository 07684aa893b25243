package sqlstore

import (
	"testing"

	"github.com/menjin-id/menjin/ports"
	"github.com/menjin-id/menjin/ports/portstest"
)

func TestLimiter(t *testing.T) {
	t.Parallel()
	for _, backend := range backends {
		t.Run(backend.name, func(t *testing.T) {
			t.Parallel()
			portstest.RateLimiter(t, func(t *testing.T) portstest.LimiterParts {
				return portstest.LimiterParts{Limiter: NewLimiter(openDB(t, Options{URL: backend.url(t)}))}
			})
		})
	}
}

func TestSigningKeys(t *testing.T) {
	t.Parallel()
	for _, backend := range backends {
		t.Run(backend.name, func(t *testing.T) {
			t.Parallel()
			portstest.SigningKeys(t, func(t *testing.T) ports.SigningKeys {
				return NewSigningKeys(openDB(t, Options{URL: backend.url(t)}))
			})
		})
	}
}

func TestAttempts(t *testing.T) {
	t.Parallel()
	for _, backend := range backends {
		t.Run(backend.name, func(t *testing.T) {
			t.Parallel()
			portstest.AttemptCounter(t, func(t *testing.T) portstest.AttemptsParts {
				return portstest.AttemptsParts{Counter: NewAttempts(openDB(t, Options{URL: backend.url(t)}))}
			})
		})
	}
}
