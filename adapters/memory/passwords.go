package memory

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/menjin-id/menjin/domain"
)

// PasswordHasher is a ports.PasswordHasher whose hashes are fast, and therefore good for tests alone.
type PasswordHasher struct {
	outage
	cost int
}

// NewPasswordHasher returns a hasher of a cost. Hashes made at a lower one are stale.
func NewPasswordHasher(cost int) *PasswordHasher { return &PasswordHasher{cost: cost} }

const hashScheme = "fake"

func digestOf(salt, text string) string {
	sum := sha256.Sum256([]byte(salt + "\x00" + text))
	return hex.EncodeToString(sum[:])
}

// Hash is part of ports.PasswordHasher.
func (h *PasswordHasher) Hash(ctx context.Context, password domain.Password) (domain.PasswordHash, error) {
	if err := h.down(ctx); err != nil {
		return domain.PasswordHash{}, fmt.Errorf("%w: %w", domain.ErrUnavailable, err)
	}
	salt := rand.Text()
	text := fmt.Sprintf("$%s$%d$%s$%s", hashScheme, h.cost, salt, digestOf(salt, password.Reveal()))
	return domain.PasswordHash{Secret: domain.NewSecret(text)}, nil
}

// nobodys is compared with where there is no hash.
var nobodys = domain.PasswordHash{
	Secret: domain.NewSecret("$" + hashScheme + "$0$" + rand.Text() + "$" + strings.Repeat("0", 2*sha256.Size)),
}

var errUnreadableHash = errors.New("password hash cannot be read")

// Verify is part of ports.PasswordHasher.
func (h *PasswordHasher) Verify(ctx context.Context, text domain.Secret, hash domain.PasswordHash) (match, stale bool, err error) {
	if err := h.down(ctx); err != nil {
		return false, false, fmt.Errorf("%w: %w", domain.ErrUnavailable, err)
	}
	known := !hash.IsZero()
	if !known {
		hash = nobodys // takes as long as a wrong password
	}
	parts := strings.Split(hash.Reveal(), "$")
	if len(parts) != 5 || parts[0] != "" || parts[1] != hashScheme {
		return false, false, errUnreadableHash
	}
	cost, err := strconv.Atoi(parts[2])
	if err != nil || len(parts[4]) != 2*sha256.Size {
		return false, false, errUnreadableHash
	}
	return digestOf(parts[3], text.Reveal()) == parts[4] && known, known && cost < h.cost, nil
}
