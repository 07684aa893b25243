package memory

import (
	"context"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// Position is part of ports.OutboxLedger.
func (s *Store) Position(ctx context.Context) (ports.StreamPosition, error) {
	if err := s.down(ctx); err != nil {
		return ports.StreamPosition{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.outbox.latest, nil
}

// Requeue is part of ports.OutboxLedger.
func (s *Store) Requeue(ctx context.Context, after domain.EventID, margin int64, position ports.StreamPosition) (count int64, err error) {
	if err := s.down(ctx); err != nil {
		return 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var bound int64
	if last := s.outbox.byID[after]; last != nil {
		bound = last.id - margin
	}
	for _, entry := range s.outbox.entries {
		if entry.id > bound && entry.standing == published {
			entry.standing = waiting
			count++
		}
	}
	s.outbox.latest = position
	for number := range s.outbox.shards {
		s.outbox.shards[number].recorded = position
	}
	return count, nil
}

// Sweep is part of ports.OutboxArchive.
func (s *Store) Sweep(ctx context.Context, before time.Time, limit int) (int64, error) {
	if err := s.down(ctx); err != nil {
		return 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.outbox.drop(limit, func(entry *entry) bool {
		return entry.over() && entry.event.At.Before(before)
	}), nil
}
