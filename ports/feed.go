package ports

import (
	"context"

	"github.com/menjin-id/menjin/domain"
)

// SessionEnding is a session_ended event as the service reads it back from its own stream.
type SessionEnding struct {
	UserID    domain.UserID
	SessionID domain.SessionID // zero: every session opened up to the instant
	Stamp     domain.Stamp
}

// RevocationFeed brings the session_ended events back to the service, each at least once, also those published while it was
// down.
type RevocationFeed interface {
	// Follow calls end for each event until ctx ends, and again later for one that end returned an error for.
	Follow(ctx context.Context, end func(ctx context.Context, ending SessionEnding) error) error
}
