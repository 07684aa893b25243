package memory

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// DueForDeletion is part of ports.DeletionQueue.
func (s *Store) DueForDeletion(ctx context.Context, now time.Time, limit int) (ids []domain.UserID, err error) {
	if err := s.down(ctx); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	due := s.matching(func(state domain.UserState) bool { return !state.DeleteAt.IsZero() && !state.DeleteAt.After(now) })
	slices.SortStableFunc(due, func(a, b *domain.User) int { return a.State().DeleteAt.Compare(b.State().DeleteAt) })
	for _, user := range due[:min(limit, len(due))] {
		ids = append(ids, user.ID())
	}
	return ids, nil
}

// EventsOf is part of ports.EventHistory.
func (s *Store) EventsOf(ctx context.Context, user domain.UserID) (messages []ports.Message, err error) {
	if err := s.down(ctx); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, entry := range s.outbox.entries {
		if entry.message.UserID == user {
			messages = append(messages, entry.handOver().Message)
		}
	}
	slices.SortFunc(messages, func(a, b ports.Message) int { return cmp.Compare(a.UserVersion, b.UserVersion) })
	for _, entry := range s.outbox.entries {
		if entry.about() == user {
			messages = append(messages, entry.handOver().Message)
		}
	}
	return messages, nil
}

// Forget is part of ports.EventEraser.
func (s *Store) Forget(ctx context.Context, user domain.UserID, below int64) error {
	if err := s.down(ctx); err != nil {
		return err
	}
	return s.withoutReplays(ctx, func() error {
		s.replays.forget(user)
		return s.outbox.forget(user, below)
	})
}

func (o *outbox) forget(user domain.UserID, below int64) (err error) {
	o.drop(len(o.entries), func(entry *entry) bool {
		if entry.about() == user {
			return entry.over() || entry.standing == waiting
		}
		concerned := entry.message.UserID == user && entry.message.UserVersion < below
		if concerned && entry.standing == waiting {
			err = ports.ErrEventsWait
		}
		return concerned && entry.over()
	})
	return err
}
