package session

import (
	"context"
	"fmt"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// FollowRevocations ends, once more, the sessions whose end was announced. It makes good a crash between the two.
type FollowRevocations struct {
	feed     ports.RevocationFeed
	sessions ports.SessionStore
}

// NewFollowRevocations makes the use case.
func NewFollowRevocations(feed ports.RevocationFeed, sessions ports.SessionStore) *FollowRevocations {
	return &FollowRevocations{feed, sessions}
}

// Run follows the feed until ctx ends. Ending a session again is harmless, also long after.
func (uc *FollowRevocations) Run(ctx context.Context) error {
	err := uc.feed.Follow(ctx, func(ctx context.Context, ending ports.SessionEnding) error {
		var err error
		if ending.SessionID == (domain.SessionID{}) {
			err = uc.sessions.EndOpenedUntil(ctx, ending.UserID, ending.Stamp.At)
		} else {
			err = uc.sessions.End(ctx, ending.UserID, ending.SessionID)
		}
		if err != nil {
			return fmt.Errorf("end revoked session: %w", err)
		}
		return nil
	})
	if ctx.Err() != nil {
		return nil // as asked
	}
	return err
}
