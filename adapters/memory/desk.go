package memory

import (
	"context"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// SetPaused is part of ports.OutboxSwitch.
func (s *Store) SetPaused(ctx context.Context, number *int, paused bool, note domain.AuditEntry) error {
	if err := s.down(ctx); err != nil {
		return err
	}
	working, err := s.setPaused(number, paused, note)
	if err != nil {
		return err
	}
	for _, idle := range working {
		select {
		case <-idle:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if !paused {
		s.onCommit()
	}
	return nil
}

// setPaused returns what ends with the Drains at work on the shards.
func (s *Store) setPaused(number *int, paused bool, note domain.AuditEntry) (working []<-chan struct{}, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	shards := s.outbox.shards
	if number != nil {
		if *number < 0 || *number >= len(shards) {
			return nil, domain.ErrNotFound
		}
		shards = shards[*number : *number+1]
	}
	for i := range shards {
		shards[i].paused = paused
		if !paused {
			shards[i].until = time.Time{}
		}
		if shards[i].idle != nil {
			working = append(working, shards[i].idle)
		}
	}
	s.entries = append(s.entries, note)
	return working, nil
}

// Published is part of ports.PublishedEvents.
func (s *Store) Published(ctx context.Context, after int64, limit int) (events []ports.PublishedEvent, err error) {
	if err := s.down(ctx); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, entry := range s.outbox.entries {
		if entry.id > after && entry.standing == published && len(events) < limit {
			events = append(events, ports.PublishedEvent{
				ID: entry.id, Event: entry.message.ID, UserID: entry.message.UserID, Version: entry.message.UserVersion, At: entry.message.At,
			})
		}
	}
	return events, nil
}

// RequeueEvents is part of ports.PublishedEvents.
func (s *Store) RequeueEvents(ctx context.Context, events []domain.EventID, note domain.AuditEntry) (count int64, err error) {
	if err := s.down(ctx); err != nil {
		return 0, err
	}
	s.mu.Lock()
	for _, id := range events {
		if entry := s.outbox.byID[id]; entry != nil && entry.standing == published {
			entry.standing = waiting
			count++
		}
	}
	s.entries = append(s.entries, note)
	s.mu.Unlock()
	if count > 0 {
		s.onCommit()
	}
	return count, nil
}
