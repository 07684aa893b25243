package memory

import (
	"bytes"
	"context"
	"sync"

	"github.com/menjin-id/menjin/ports"
)

// DataKeys is a ports.DataKeyStore.
type DataKeys struct {
	outage

	mu     sync.Mutex
	newest ports.DataKeys
}

// NewDataKeys returns a store without keys.
func NewDataKeys() *DataKeys { return &DataKeys{} }

// Newest is part of ports.DataKeyStore.
func (s *DataKeys) Newest(ctx context.Context) (ports.DataKeys, error) {
	if err := s.down(ctx); err != nil {
		return ports.DataKeys{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	keys := s.newest
	keys.Wrapped = bytes.Clone(keys.Wrapped)
	return keys, nil
}

// Put is part of ports.DataKeyStore.
func (s *DataKeys) Put(ctx context.Context, next ports.DataKeys) (bool, error) {
	if err := s.down(ctx); err != nil {
		return false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if next.Version != s.newest.Version+1 {
		return false, nil
	}
	next.Wrapped = bytes.Clone(next.Wrapped)
	s.newest = next
	return true, nil
}
