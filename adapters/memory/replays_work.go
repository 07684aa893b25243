package memory

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

const (
	firstReplayDelay   = time.Second
	longestReplayDelay = 30 * time.Second
)

// Continue is part of ports.ReplayQueue.
func (s *Store) Continue(ctx context.Context, limit int, send ports.Resend) (worked bool, err error) {
	if err := s.down(ctx); err != nil {
		return false, err
	}
	taken, asked, events := s.takeReplay(max(limit, 1))
	if taken == nil {
		return false, nil
	}
	if len(events) > 0 {
		sending, cancel := context.WithTimeout(ctx, publishTime)
		defer cancel()
		err = send(sending, s.recorded(), asked, events)
	}
	if err == nil {
		err = s.down(context.WithoutCancel(ctx))
	}
	return true, s.noteReplay(taken, events, limit, err)
}

// takeReplay returns the oldest replay that nobody has in hand, as it is now, and what is to be sent.
func (s *Store) takeReplay(limit int) (taken *replay, asked ports.Replay, events []ports.OutboxEvent) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	at := slices.IndexFunc(s.replays.list, func(r *replay) bool {
		return r.FinishedAt.IsZero() && r.inHand == nil && !now.Before(r.until)
	})
	if at < 0 || s.replays.forgetting > 0 {
		return nil, asked, nil
	}
	taken = s.replays.list[at]
	taken.inHand = make(chan struct{})
	for _, entry := range s.outbox.entries {
		if len(events) < limit && entry.standing == published && asksFor(taken.Replay, entry) {
			events = append(events, entry.handOver())
		}
	}
	return taken, taken.Replay, events
}

func asksFor(replay ports.Replay, entry *entry) bool {
	filter, at := replay.Filter, entry.message.At
	return entry.id > replay.Next && entry.id <= replay.Last &&
		(filter.Type == "" || entry.message.Type == filter.Type) &&
		(filter.User.IsZero() || entry.message.UserID == filter.User) &&
		!at.Before(filter.Since) && (filter.Until.IsZero() || at.Before(filter.Until))
}

// noteReplay gives a replay back, having noted what became of the sending.
func (s *Store) noteReplay(taken *replay, events []ports.OutboxEvent, limit int, failure error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(taken.inHand)
	taken.inHand = nil
	if !taken.FinishedAt.IsZero() {
		return failure
	}
	if rejected, ok := errors.AsType[*ports.RejectedError](failure); ok {
		taken.FinishedAt, taken.Failure = time.Now().UTC(), rejected.Reason
		return nil
	}
	if failure != nil {
		taken.leaveAlone(failure)
		return failure
	}
	taken.failures = 0
	taken.Sent += int64(len(events))
	taken.Next = max(taken.Next, taken.Last)
	if len(events) >= max(limit, 1) {
		taken.Next = events[len(events)-1].ID
	}
	if taken.Next >= taken.Last {
		taken.FinishedAt = time.Now().UTC()
	}
	return nil
}

// leaveAlone goes by what kept its events from being sent.
func (r *replay) leaveAlone(failure error) {
	if _, ok := errors.AsType[*ports.RewoundError](failure); !ok {
		r.until = time.Now().Add(min(firstReplayDelay<<min(r.failures, 16), longestReplayDelay))
		r.failures++
	}
}

// withoutReplays waits until what is sent again is sent, and has nothing more sent while it runs change, with the mutex held.
func (s *Store) withoutReplays(ctx context.Context, change func() error) error {
	for _, inHand := range s.keepReplaysOut() {
		select {
		case <-inHand:
		case <-ctx.Done():
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.replays.forgetting--
	if err := ctx.Err(); err != nil {
		return err
	}
	return change()
}

// keepReplaysOut returns what ends with the replays in hand.
func (s *Store) keepReplaysOut() (inHand []<-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.replays.forgetting++
	for _, replay := range s.replays.list {
		if replay.inHand != nil {
			inHand = append(inHand, replay.inHand)
		}
	}
	return inHand
}

// forget ends the replays of a user, and keeps the user's id no longer.
func (r *replays) forget(user domain.UserID) {
	for _, replay := range r.list {
		if replay.Filter.User != user {
			continue
		}
		replay.Filter.User = domain.UserID{}
		if replay.FinishedAt.IsZero() {
			replay.FinishedAt, replay.Failure = time.Now().UTC(), "the user was forgotten"
		}
	}
}
