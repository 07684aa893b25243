package ports

import (
	"context"

	"github.com/menjin-id/menjin/domain"
)

// UserReader finds users. Needed by sign-in and by whoever shows a user.
type UserReader interface {
	// ByID returns domain.ErrUserNotFound for an unknown id.
	ByID(ctx context.Context, id domain.UserID) (*domain.User, error)
	// ByWeChat returns domain.ErrUserNotFound when nobody has that openid in that mini-program.
	ByWeChat(ctx context.Context, app domain.AppID, openID domain.OpenID) (*domain.User, error)
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
}

// UserWriter changes users within a transaction.
type UserWriter interface {
	// Add keeps a new user. It is domain.ErrWeChatTaken when one of the identities is taken, also under a race.
	Add(ctx context.Context, user *domain.User) error
	// ForUpdate returns a user and keeps others from changing it until the transaction ends. It returns
	// domain.ErrUserNotFound for an unknown id.
	ForUpdate(ctx context.Context, id domain.UserID) (*domain.User, error)
	// Save keeps the changed fields of a user that ForUpdate returned. Identities are not among them.
	Save(ctx context.Context, user *domain.User) error
}

// Outbox takes the events of a transaction. It can be reached through a transaction alone, which is why an event exists
// exactly when its change does.
type Outbox interface {
	// Append adds events. It refuses, with an internal error, one that the stream would never take: a subject, size or shape
	// out of bounds, or a version the user's events already have. The user's row must have been added or locked before in
	// the same transaction: that is what puts one user's events in order.
	Append(ctx context.Context, events ...domain.Event) error
}
