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
	forgets  Forgetter
}

// Forgetter lets go of what was told of a user, below a version: that of their last event, which is on the stream, or one beyond
// all, where nothing is to stay.
type Forgetter interface {
	Do(ctx context.Context, user domain.UserID, below int64) error
}

// NewFollow makes the use case.
func NewFollow(feed ports.SessionFeed, users ports.UserReader, sessions ports.SessionStore, forgets Forgetter) *Follow {
	return &Follow{feed, users, sessions, forgets}
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
	case notice.Deleted:
		err = uc.letGo(ctx, notice)
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

// letGo lets go of a user who was deleted, and wholly of the accounts merged into theirs.
func (uc *Follow) letGo(ctx context.Context, notice ports.SessionNotice) error {
	if err := uc.letGoOf(ctx, notice.UserID, notice.Version); err != nil {
		return err
	}
	for _, id := range notice.Also {
		if err := uc.letGoOf(ctx, id, beyondAll); err != nil {
			return err
		}
	}
	return nil
}

// letGoOf ends the sessions before it forgets: what goes may be the very message that told of their end, and that was put off
// while the session store was down.
func (uc *Follow) letGoOf(ctx context.Context, user domain.UserID, below int64) error {
	if err := uc.sessions.EndOpenedBefore(ctx, user, below, domain.SessionID{}); err != nil {
		return err
	}
	return uc.forgets.Do(ctx, user, below)
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
