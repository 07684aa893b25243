package ports

import (
	"context"
	"errors"
	"time"

	"github.com/menjin-id/menjin/domain"
)

// ErrOutdated is what SessionStore.Open reports of a session opened on a version of its user that was read before sessions were
// ended or roles were changed. Whoever opens it reads the user again, and whether they may still sign in.
var ErrOutdated = errors.New("the user has changed since the session's sign-in read them")

// SessionStore keeps sessions, apart from users: it may be another server, and it takes a write with every request.
//
// A session is live until its idle or absolute limit, and kept, not live, until its refresh limit. What has passed that is
// forgotten by the store itself or by its SessionArchive.
//
// A change of a user that ends sessions or sets roles comes here after its commit, so a sign-in that read the user before may
// open its session after. That is what the versions are for: each such change leaves a fence at the user's version after it,
// kept for an hour at least, which is longer than a sign-in takes, and a session opened on an older version does not pass.
// Fences only rise, in whatever order the changes arrive. Changes may be repeated, at any later time, without harm to sessions
// opened since.
type SessionStore interface {
	// Open keeps a new session, in one round trip. Where the user has most sessions already, those that were idle longest
	// give way, and are returned. It is ErrOutdated, and does nothing, for a session whose UserVersion is below the fence.
	Open(ctx context.Context, session *domain.Session, most int) (ended []domain.SessionID, err error)
	// Touch slides the idle limit of a live session to a full idle time from now, in one round trip, and returns the roles
	// kept with it; a store may spare the write when the last one was less than a twentieth of the idle time ago. It returns
	// domain.ErrSessionEnded when the session is not live or not the user's, and domain.ErrUnavailable, never that, when it
	// cannot know.
	Touch(ctx context.Context, user domain.UserID, id domain.SessionID, now time.Time) ([]domain.Role, error)
	// End forgets a session. Forgetting one that is gone is no error. The next Touch anywhere sees it.
	End(ctx context.Context, user domain.UserID, id domain.SessionID) error
	// EndOpenedBefore forgets the user's sessions whose UserVersion is below a version, but one, if any, and puts the fence
	// there. Once it returned, no session that was opened on an older version is live, also if its Open was under way.
	EndOpenedBefore(ctx context.Context, user domain.UserID, version int64, except domain.SessionID) error
	// SetRoles keeps the roles that the user has at a version with those of their sessions whose UserVersion is below it, and
	// puts the fence there. The next Touch anywhere sees them. It does nothing once it was called with a higher version:
	// the roles of then are newer.
	SetRoles(ctx context.Context, user domain.UserID, version int64, roles []domain.Role) error
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

// SessionKeyReader finds the keys that WeChat gave with sessions. Needed by whoever opens data encrypted with one.
type SessionKeyReader interface {
	// NewestKey returns the session_key that came with the newest of the user's sessions at a mini-program that are kept; zero
	// when there is none.
	NewestKey(ctx context.Context, user domain.UserID, app domain.AppID) (domain.SessionKey, error)
}

// SessionArchive is a session store that does not forget by itself: sessions whose refresh limit was reached before the
// instant go.
type SessionArchive interface{ Archive }
