package memory

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/menjin-id/menjin/ports"
)

// SigningKeys is a ports.SigningKeys.
type SigningKeys struct {
	outage

	mu   sync.Mutex
	keys []ports.SigningKey // the newest first
}

// NewSigningKeys returns a store without keys.
func NewSigningKeys() *SigningKeys { return &SigningKeys{} }

// All is part of ports.SigningKeys.
func (s *SigningKeys) All(ctx context.Context) ([]ports.SigningKey, error) {
	if err := s.down(ctx); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.keys), nil
}

// Rotate is part of ports.SigningKeys. A key that retires already keeps its instant.
func (s *SigningKeys) Rotate(ctx context.Context, newest string, next ports.SigningKey, retireOthersAt time.Time) (added bool, err error) {
	if err := s.down(ctx); err != nil {
		return false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var known string
	if len(s.keys) > 0 {
		known = s.keys[0].ID
	}
	if newest != known {
		return false, nil
	}
	keys := []ports.SigningKey{next}
	for _, key := range s.keys {
		if key.RetiresAt.IsZero() {
			key.RetiresAt = retireOthersAt
		}
		if next.CreatedAt.Before(key.RetiresAt) {
			keys = append(keys, key)
		}
	}
	s.keys = keys
	return true, nil
}
