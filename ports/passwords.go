package ports

import (
	"context"

	"github.com/menjin-id/menjin/domain"
)

// PasswordHasher hashes passwords slowly. It works on as many at once as there are cores, and lets others wait, until their
// context ends: then the error matches domain.ErrUnavailable.
type PasswordHasher interface {
	Hash(ctx context.Context, password domain.Password) (domain.PasswordHash, error)
	// Verify reports whether text is the password of a hash, and whether the hash should be made anew because the parameters
	// have grown. For the zero hash it answers no after the same time as for any other, so that a caller cannot tell who has
	// an account. A hash that cannot be read is an internal error.
	Verify(ctx context.Context, text domain.Secret, hash domain.PasswordHash) (match, stale bool, err error)
}
