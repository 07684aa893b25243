package ports

import (
	"context"
	"errors"
	"time"
)

// ErrSeenBefore says that a message was taken in before. It is an answer to whoever sent it, not a failure.
var ErrSeenBefore = errors.New("message was taken in before")

// Inbox remembers messages that come from outside and may come twice. It belongs to a transaction: a message is remembered
// exactly when what it asked for is done.
type Inbox interface {
	// Add remembers the digest of a message. The write or InTx returns ErrSeenBefore when it is remembered already, also under
	// a race, and then nothing of the transaction happens.
	Add(ctx context.Context, digest [32]byte, at time.Time) error
}

// InboxArchive is the inbox as it is swept: messages taken in before the instant are forgotten.
type InboxArchive interface{ Archive }
