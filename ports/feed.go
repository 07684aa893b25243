package ports

import (
	"context"

	"github.com/menjin-id/menjin/domain"
)

// SessionNotice is an event that concerns sessions or the end of a user, as the service reads it back from its own stream.
type SessionNotice struct {
	EventID      domain.EventID
	UserID       domain.UserID
	Version      int64            // of the user after the event
	Deleted      bool             // the user is no more, and what is left of their messages is to go,
	Also         []domain.UserID  // with all that is left of accounts merged into theirs; else
	RolesChanged bool             // the roles kept with the user's sessions are out of date; else sessions have ended:
	SessionID    domain.SessionID // zero: every session opened on an older version,
	Except       domain.SessionID // but this one, if any
}

// SessionFeed brings the session_ended, roles_changed and deleted events back to the service, each at least once, also those
// published while it was down.
type SessionFeed interface {
	// Follow calls handle for each event until ctx ends, and again later for one that handle returned an error for.
	Follow(ctx context.Context, handle func(ctx context.Context, notice SessionNotice) error) error
}
