package ports

import (
	"context"
	"time"

	"github.com/menjin-id/menjin/domain"
)

// UserReader finds users. Needed by sign-in and by whoever shows a user.
type UserReader interface {
	// ByID returns domain.ErrUserNotFound for an unknown id.
	ByID(ctx context.Context, id domain.UserID) (*domain.User, error)
	// ByWeChat returns domain.ErrUserNotFound when nobody has that openid in that mini-program.
	ByWeChat(ctx context.Context, app domain.AppID, openID domain.OpenID) (*domain.User, error)
}

// UserFinder finds users by what they call themselves. Needed by password sign-in, and by administrators.
type UserFinder interface {
	// ByUsername goes without regard to case, and returns domain.ErrUserNotFound when nobody has the name.
	ByUsername(ctx context.Context, name domain.Username) (*domain.User, error)
	// ByEmail goes without regard to case, and returns domain.ErrUserNotFound when nobody has the address.
	ByEmail(ctx context.Context, email domain.Email) (*domain.User, error)
	// ByUnionID returns who has an identity with that unionid, the earliest registered first; nobody is no error.
	ByUnionID(ctx context.Context, unionID domain.UnionID) ([]*domain.User, error)
}

// UserBrowser lists users for administrators.
type UserBrowser interface {
	// Browse returns at most limit users after a cursor, by rising id, which is the order of registration; the zero cursor is
	// the beginning. Only fields of the filter that are set count.
	Browse(ctx context.Context, filter UserFilter, after domain.UserID, limit int) ([]*domain.User, error)
}

// DeletionQueue finds users who asked to be deleted.
type DeletionQueue interface {
	// DueForDeletion returns at most limit users whose cooling-off is over, who waited longest first.
	DueForDeletion(ctx context.Context, now time.Time, limit int) ([]domain.UserID, error)
}

// UserFilter narrows a list of users. The costs of a page do not grow with their number.
type UserFilter struct {
	UsernamePrefix string       // without regard to case
	Email          domain.Email // exact, without regard to case
	Phone          domain.Phone // exact
	Role           domain.Role  // other than RoleUser
}

// Transactor runs changes that happen together or not at all.
type Transactor interface {
	// InTx commits what change did through tx when change returns nil, and none of it otherwise.
	//
	// A store may hold writes back and send them together at commit, so a conflict (say domain.ErrWeChatTaken) is returned
	// by the write or by InTx, and callers match on the error of InTx. A change may be run twice when the database asks for
	// it; it must therefore touch nothing but tx. When the connection breaks at commit, the outcome is unknown and the error
	// matches domain.ErrUnavailable.
	InTx(ctx context.Context, change func(ctx context.Context, tx Tx) error) error
}

// Tx is a transaction at work. It must not be used after the function that was given it has returned, nor by two
// goroutines at once.
type Tx interface {
	Users() UserWriter
	Outbox() Outbox
	Audit() AuditLog
	Inbox() Inbox
}

// UserWriter changes users within a transaction. A write is domain.ErrWeChatTaken, ErrUsernameTaken, ErrEmailTaken or
// ErrPhoneTaken when somebody else has what must be one user's, also under a race.
type UserWriter interface {
	// Add keeps a new user. It is domain.ErrWeChatTaken too when somebody else has the unionid of one of its identities, also
	// under a race: a person first seen at two mini-programs at the same instant is registered once. What is saved of users
	// who exist may bring one unionid to several, as WeChat tells it late.
	Add(ctx context.Context, user *domain.User) error
	// ForUpdate returns a user and keeps others from changing it until the transaction ends. It returns
	// domain.ErrUserNotFound for an unknown id. Whoever needs several asks for them by rising id.
	ForUpdate(ctx context.Context, id domain.UserID) (*domain.User, error)
	// Save keeps what is different of a user that ForUpdate returned, identities and roles included. What moves from one user
	// to another is saved with the one who loses it first.
	Save(ctx context.Context, user *domain.User) error
	// Remove forgets a user that ForUpdate returned. Events and audit stay.
	Remove(ctx context.Context, id domain.UserID) error
}

// Outbox takes the events of a transaction. It can be reached through a transaction alone, which is why an event exists
// exactly when its change does.
type Outbox interface {
	// Append adds events. It refuses, with an internal error, one that the stream would never take: a subject, size or shape
	// out of bounds, or a version the user's events already have. The user's row must have been added or locked before in
	// the same transaction: that is what puts one user's events in order. An event that WeChat pushed has no user, and no order.
	Append(ctx context.Context, events ...domain.Event) error
}
