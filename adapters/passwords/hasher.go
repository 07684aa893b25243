package passwords

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"runtime"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// waitingPerCore bounds the queue to what is worked off in a second or two.
const waitingPerCore = 64

// Hasher is a ports.PasswordHasher. It is safe for concurrent use.
type Hasher struct {
	costs parameters
	decoy hashed
	queue *queue
}

var _ ports.PasswordHasher = (*Hasher)(nil)

// NewHasher makes a hasher for as many cores as the program may use. A process should have one: it is what bounds the memory.
func NewHasher() *Hasher {
	cores := runtime.GOMAXPROCS(0)
	return newHasher(current, cores, cores*waitingPerCore)
}

func newHasher(costs parameters, workers, waiting int) *Hasher {
	return &Hasher{costs: costs, decoy: fresh(costs), queue: newQueue(workers, waiting)}
}

// fresh is a hash with a salt of its own and no password yet.
func fresh(costs parameters) hashed {
	salt := make([]byte, saltSize)
	_, _ = rand.Read(salt) // it never fails
	return hashed{costs, salt, make([]byte, tagSize)}
}

// Hash makes a hash with a salt of its own.
func (h *Hasher) Hash(ctx context.Context, password domain.Password) (domain.PasswordHash, error) {
	made := fresh(h.costs)
	err := h.queue.do(ctx, func() { made.tag = made.tagOf(password.Secret) })
	if err != nil {
		return domain.PasswordHash{}, fmt.Errorf("hash password: %w", err)
	}
	return made.phc(), nil
}

// Verify computes the hash of text and compares. Nobody has the decoy's password, and none would be accepted.
func (h *Hasher) Verify(ctx context.Context, text domain.Secret, hash domain.PasswordHash) (match, stale bool, err error) {
	kept := h.decoy
	if !hash.IsZero() {
		if kept, err = parsePHC(hash); err != nil {
			return false, false, fmt.Errorf("verify password: %w", err)
		}
	}
	var tag []byte
	if err := h.queue.do(ctx, func() { tag = kept.tagOf(text) }); err != nil {
		return false, false, fmt.Errorf("verify password: %w", err)
	}
	match = subtle.ConstantTimeCompare(tag, kept.tag) == 1 && !hash.IsZero()
	return match, match && kept.stale(h.costs), nil
}
