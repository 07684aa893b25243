package ports

import (
	"context"
	"time"

	"github.com/menjin-id/menjin/domain"
)

// SessionStore keeps sessions, apart from users: it may be another server, and it takes a write with every request.
//
// A session is live until its idle or absolute limit, and kept, not live, until its refresh limit. What has passed that is
// forgotten by the store itself or by its SessionArchive.
type SessionStore interface {
	// Open keeps a new session, in one round trip.
	Open(ctx context.Context, session *domain.Session) error
	// Touch slides the idle limit of a live session to a full idle time from now, in one round trip; a store may spare the
	// write when the last one was less than a twentieth of the idle time ago. It returns domain.ErrSessionEnded when the
	// session is not live or not the user's, and domain.ErrUnavailable, never that, when it cannot know.
	Touch(ctx context.Context, user domain.UserID, id domain.SessionID, now time.Time) error
	// End forgets a session. Forgetting one that is gone is no error. The next Touch anywhere sees it.
	End(ctx context.Context, user domain.UserID, id domain.SessionID) error
	// EndOpenedUntil forgets the user's sessions that were opened up to an instant, that instant included. It may be
	// repeated, at any later time, without harm to sessions opened since.
	EndOpenedUntil(ctx context.Context, user domain.UserID, until time.Time) error
}

// SessionArchive is a session store that does not forget by itself: sessions whose refresh limit was reached before the
// instant go.
type SessionArchive interface{ Archive }
