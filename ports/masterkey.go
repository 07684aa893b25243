package ports

import (
	"context"
	"errors"
	"time"

	"github.com/menjin-id/menjin/domain"
)

var (
	// ErrNotWrapped is matched when something was not wrapped by this master key, or for something else, or was damaged.
	ErrNotWrapped = errors.New("it was not wrapped by this key, or for something else")
	// ErrNotAdmitted is matched when the keeper of a master key refuses the PIN or the token that it is shown.
	ErrNotAdmitted = errors.New("the PIN or the token is refused")
)

// MasterKey encrypts the data keys. Any key management service can be one: its own key never leaves it, and it is asked at
// start and at rotation alone. It is safe for concurrent use.
type MasterKey interface {
	// Name tells operators which key it is, e.g. "file" or "transit/menjin". It holds no secret.
	Name() string
	// Wrap encrypts a secret of up to 32 KiB and binds it to what belongs to it.
	Wrap(ctx context.Context, plain domain.Secret, associated []byte) ([]byte, error)
	// Unwrap decrypts what Wrap made with the same associated bytes; for anything else the error matches ErrNotWrapped. Where the
	// key keeper cannot be reached it matches domain.ErrUnavailable, as Wrap's does. No error says anything about the content.
	Unwrap(ctx context.Context, wrapped, associated []byte) (domain.Secret, error)
}

// DataKeys are the keys of encrypted fields and of their indexes, wrapped by a master key, as replicas share them.
type DataKeys struct {
	Version   int64 // rises by one with each change; 0: there are none yet
	Master    string
	Wrapped   []byte
	CreatedAt time.Time
}

// DataKeyStore keeps the data keys that replicas share. Needed by their rotation.
type DataKeyStore interface {
	// Newest returns the keys put last; the zero value before the first.
	Newest(ctx context.Context) (DataKeys, error)
	// Put keeps the next version, unless another replica was quicker: then nothing changes, and put is false.
	Put(ctx context.Context, next DataKeys) (put bool, err error)
}
