package session

import (
	"context"
	"errors"
	"fmt"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// Follow does to sessions, once more, what was announced of them. It makes good a crash between the announcement and the
// deed.
type Follow struct {
	feed     ports.SessionFeed
	users    ports.UserReader
	sessions ports.SessionStore
}

// NewFollow makes the use case.
func NewFollow(feed ports.SessionFeed, users ports.UserReader, sessions ports.SessionStore) *Follow {
	return &Follow{feed, users, sessions}
}

// Run follows the feed until ctx ends. What it does again is harmless, also long after.
func (uc *Follow) Run(ctx context.Context) error {
	err := uc.feed.Follow(ctx, uc.handle)
	if ctx.Err() != nil {
		return nil // as asked
	}
	return err
}

func (uc *Follow) handle(ctx context.Context, notice ports.SessionNotice) error {
	var err error
	switch {
	case notice.RolesChanged:
		err = uc.bringRoles(ctx, notice.UserID)
	case notice.SessionID != domain.SessionID{}:
		err = uc.sessions.End(ctx, notice.UserID, notice.SessionID)
	default:
		err = uc.sessions.EndOpenedBefore(ctx, notice.UserID, notice.Version, notice.Except)
	}
	if err != nil {
		return fmt.Errorf("follow session notice: %w", err)
	}
	return nil
}

// bringRoles reads the roles as they are now, since the notice may be old.
func (uc *Follow) bringRoles(ctx context.Context, id domain.UserID) error {
	user, err := uc.users.ByID(ctx, id)
	if errors.Is(err, domain.ErrUserNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	state := user.State()
	return uc.sessions.SetRoles(ctx, id, state.Version, state.Roles)
}
