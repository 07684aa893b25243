package memory

import (
	"context"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// Status is part of ports.OutboxMonitor.
func (s *Store) Status(ctx context.Context) (status ports.OutboxStatus, err error) {
	if err := s.down(ctx); err != nil {
		return status, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for number, shard := range s.outbox.shards {
		line := ports.ShardStatus{Shard: number, Paused: shard.paused, LastID: shard.lastID, Position: shard.recorded}
		if shard.delayed(time.Now()) {
			line.DelayedUntil = shard.until
		}
		status.Shards = append(status.Shards, line)
	}
	for _, entry := range s.outbox.entries {
		switch entry.standing {
		case waiting:
			status.Waiting++
			status.Shards[entry.shard].Waiting++
			if at := entry.message.At; status.OldestAt.IsZero() || at.Before(status.OldestAt) {
				status.OldestAt = at
			}
		case dead:
			status.Dead++
		default:
		}
	}
	status.Held = int64(len(s.outbox.holding))
	return status, nil
}

// Dead is part of ports.DeadLetters.
func (s *Store) Dead(ctx context.Context, filter ports.DeadLetterFilter, after int64, limit int) (letters []ports.DeadLetter, err error) {
	if err := s.down(ctx); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, entry := range s.outbox.entries {
		if entry.id <= after || len(letters) == limit || entry.letter.Attempts == 0 ||
			!filter.Event.IsZero() && entry.message.ID != filter.Event || !filter.User.IsZero() && entry.message.UserID != filter.User ||
			entry.standing != dead && !filter.Resolved {
			continue
		}
		letter := entry.letter
		letter.Event, letter.Behind = entry.handOver(), s.outbox.behind(entry)
		letters = append(letters, letter)
	}
	return letters, nil
}

// behind counts the events that a dead one holds, up to the user's next dead one.
func (o *outbox) behind(letter *entry) (count int64) {
	if letter.standing != dead {
		return 0
	}
	for _, entry := range o.entries {
		if entry.id <= letter.id || entry.message.UserID != letter.message.UserID {
			continue
		}
		if entry.standing == dead {
			break
		}
		if entry.standing == held {
			count++
		}
	}
	return count
}

// Retry is part of ports.DeadLetters.
func (s *Store) Retry(ctx context.Context, event domain.EventID, note domain.AuditEntry) error {
	return s.decide(ctx, event, ports.Retried, held, note)
}

// Discard is part of ports.DeadLetters.
func (s *Store) Discard(ctx context.Context, event domain.EventID, note domain.AuditEntry) error {
	return s.decide(ctx, event, ports.Discarded, discarded, note)
}

func (s *Store) decide(
	ctx context.Context, id domain.EventID, decision ports.Resolution, becomes standing, note domain.AuditEntry,
) error {
	if err := s.down(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	letter := s.outbox.byID[id]
	if letter == nil || letter.standing != dead {
		s.mu.Unlock()
		return domain.ErrNotFound
	}
	letter.standing, letter.letter.Resolved = becomes, decision
	s.outbox.release(letter.message.UserID)
	s.entries = append(s.entries, note)
	s.mu.Unlock()
	s.onCommit()
	return nil
}

// release makes the user's events wait that no dead one holds.
func (o *outbox) release(user domain.UserID) {
	for _, entry := range o.entries {
		if entry.message.UserID != user {
			continue
		}
		switch entry.standing {
		case dead:
			return
		case held:
			entry.standing = waiting
		default:
		}
	}
	delete(o.holding, user)
}
