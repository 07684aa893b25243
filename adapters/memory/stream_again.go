package memory

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// Beside returns what was sent again to a name, by its subject there, in the order in which it was sent.
func (s *EventStream) Beside() []ports.Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.beside)
}

// Lose makes the stream lose one event it holds, and nothing else.
func (s *EventStream) Lose(event domain.EventID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, held := range s.messages {
		if held.ID == event {
			s.messages[i].purged = true
		}
	}
}

// Replay is part of ports.EventReplayer.
func (s *EventStream) Replay(ctx context.Context, recorded ports.StreamPosition, replay ports.Replay, events []ports.OutboxEvent) error {
	if err := s.down(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if replay.To == "" {
		if err := s.compare(recorded); err != nil {
			return err
		}
	}
	for _, event := range events {
		message := event.Message
		if s.rejected[message.ID] {
			return &ports.RejectedError{Event: message.ID, Reason: "scripted"}
		}
		message.Headers = maps.Clone(message.Headers)
		if message.Headers == nil {
			message.Headers = map[string]string{}
		}
		message.Headers[ports.HeaderReplayed] = "true"
		if replay.To == "" {
			s.store(message, replay.ID)
			continue
		}
		message.Subject = "menjin.replay." + replay.To + "." + strings.TrimPrefix(message.Subject, "menjin.")
		s.beside = append(s.beside, message)
	}
	return nil
}

// compare returns a *ports.RewoundError when the stream is not the recorded one or does not reach as far.
func (s *EventStream) compare(recorded ports.StreamPosition) error {
	switch {
	case recorded.Stream != "" && recorded.Stream != s.identity:
		return &ports.RewoundError{Intact: s.position(0)}
	case s.end() < recorded.Sequence:
		return &ports.RewoundError{Intact: s.position(s.end())}
	default:
		return nil
	}
}

// Scan is part of ports.StreamReader.
func (s *EventStream) Scan(ctx context.Context, since time.Time, each func(ports.StoredEvent) error) error {
	if err := s.down(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	messages := slices.Clone(s.messages)
	s.mu.Unlock()
	for i, held := range messages {
		if held.purged || !held.replay.IsZero() || held.at.Before(since) {
			continue
		}
		stored := ports.StoredEvent{Sequence: uint64(i) + 1, Event: held.ID, UserID: held.UserID, Version: held.UserVersion}
		if held.UserID.ID == held.Message.ID.ID { // WeChat pushed it
			stored.UserID = domain.UserID{}
		}
		if err := each(stored); err != nil {
			return err
		}
	}
	return nil
}
