package ports

import (
	"time"

	"github.com/menjin-id/menjin/domain"
)

// Clock tells the time, in UTC and whole microseconds, which is what every store keeps.
type Clock func() time.Time

// NewID makes a UUID of version 7: unique, and rising within a process.
type NewID func() domain.ID

// Random makes 32 bytes that nobody can guess.
type Random func() [32]byte
