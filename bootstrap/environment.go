package bootstrap

import (
	"crypto/rand"
	"time"

	"github.com/google/uuid"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

func provideClock() ports.Clock {
	return func() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }
}

func provideNewID() ports.NewID {
	return func() domain.ID { return domain.ID(uuid.Must(uuid.NewV7())) } // fails only when the system has no randomness
}

func provideRandom() ports.Random {
	return func() (secret [32]byte) {
		_, _ = rand.Read(secret[:]) // never fails: the process ends instead
		return secret
	}
}
