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
	// Open keeps a new session, in one round trip. Where the user has most sessions already, those that were idle longest
	// give way, and are returned.
	Open(ctx context.Context, session *domain.Session, most int) (ended []domain.SessionID, err error)
	// Touch slides the idle limit of a live session to a full idle time from now, in one round trip, and returns the roles
	// kept with it; a store may spare the write when the last one was less than a twentieth of the idle time ago. It returns
	// domain.ErrSessionEnded when the session is not live or not the user's, and domain.ErrUnavailable, never that, when it
	// cannot know.
	Touch(ctx context.Context, user domain.UserID, id domain.SessionID, now time.Time) ([]domain.Role, error)
	// End forgets a session. Forgetting one that is gone is no error. The next Touch anywhere sees it.
	End(ctx context.Context, user domain.UserID, id domain.SessionID) error
	// EndOpenedUntil forgets the user's sessions that were opened up to an instant, that instant included, but one, if any. It
	// may be repeated, at any later time, without harm to sessions opened since.
	EndOpenedUntil(ctx context.Context, user domain.UserID, until time.Time, except domain.SessionID) error
	// SetRoles keeps other roles with all of the user's sessions. The next Touch anywhere sees them.
	SetRoles(ctx context.Context, user domain.UserID, roles []domain.Role) error
}

// SessionRefresher opens sessions again. Needed by refresh.
type SessionRefresher interface {
	// Refresh does what domain.Session.Refresh does, as one step whoever else refreshes, and returns the session after it. It
	// is domain.ErrRefreshTokenInvalid for a session that is gone.
	Refresh(ctx context.Context, user domain.UserID, id domain.SessionID, presented, next domain.RefreshHash, now time.Time) (*domain.Session, error)
}

// SessionLister shows sessions. Needed by whoever looks at their own, and by administrators.
type SessionLister interface {
	// List returns the user's sessions that are kept, the newest first, the live ones among them by their idle limit after
	// now. Their session keys and hashes may be left out.
	List(ctx context.Context, user domain.UserID, now time.Time) ([]*domain.Session, error)
}

// SessionArchive is a session store that does not forget by itself: sessions whose refresh limit was reached before the
// instant go.
type SessionArchive interface{ Archive }
