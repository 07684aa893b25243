package ports

import (
	"context"
	"time"

	"github.com/menjin-id/menjin/domain"
)

// SigningKey is a private key of access tokens, as the store keeps it for all replicas.
type SigningKey struct {
	ID        string        // kid
	PEM       domain.Secret // PKCS#8; a store keeps it encrypted
	CreatedAt time.Time
	RetiresAt time.Time // from when it verifies no more; zero while it signs
}

// SigningKeys keeps the signing keys that replicas share. Needed by key rotation.
type SigningKeys interface {
	// All returns the keys, the newest first.
	All(ctx context.Context) ([]SigningKey, error)
	// Rotate adds a key that signs from now on, and lets the others retire at an instant, unless the newest kept is not the
	// one that the caller takes for the newest (empty: none): then another replica was quicker, nothing changes, and added is
	// false. Keys whose retirement has passed at the new key's creation are forgotten.
	Rotate(ctx context.Context, newest string, next SigningKey, retireOthersAt time.Time) (added bool, err error)
}

// KeyRing is what signs and verifies at the moment. Needed by key rotation; adapters/tokens has it.
type KeyRing interface {
	// Generate makes a key; nothing uses it yet.
	Generate(now time.Time) (SigningKey, error)
	// Use makes the ring sign with the key of an id and verify with all, from the next call on.
	Use(keys []SigningKey, signing string) error
}
