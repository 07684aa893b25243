package memory

import (
	"context"
	"crypto/rand"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// EventStream is a ports.EventStream, StreamEraser, StreamReader and EventReplayer with a duplicate window that never closes.
type EventStream struct {
	outage

	mu       sync.Mutex
	identity string
	messages []stored // the first has sequence 1
	rejected map[domain.EventID]bool
	beside   []ports.Message
}

// stored is a message with a place in the stream, which it keeps when it is purged.
type stored struct {
	ports.Message
	at     time.Time
	replay domain.ID // zero of what the relay published
	purged bool
}

// NewEventStream returns an empty stream.
func NewEventStream() *EventStream {
	return &EventStream{identity: rand.Text(), rejected: map[domain.EventID]bool{}}
}

// Messages returns what the stream holds, in its order.
func (s *EventStream) Messages() (messages []ports.Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, held := range s.messages {
		if !held.purged {
			messages = append(messages, held.Message)
		}
	}
	return messages
}

// Reject makes the stream refuse an event for ever.
func (s *EventStream) Reject(event domain.EventID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rejected[event] = true
}

// Rewind makes the stream forget what lies after a sequence, as a server does that comes back with an older copy.
func (s *EventStream) Rewind(sequence uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.messages = s.messages[:min(sequence, uint64(len(s.messages)))]
}

// Recreate makes the stream another one, empty.
func (s *EventStream) Recreate() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.identity, s.messages = rand.Text(), nil
}

// Publish is part of ports.EventStream.
func (s *EventStream) Publish(ctx context.Context, recorded ports.StreamPosition, messages []ports.OutboxEvent) (ports.StreamPosition, error) {
	if err := s.down(ctx); err != nil {
		return ports.StreamPosition{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if recorded.Stream != "" && recorded.Stream != s.identity {
		return ports.StreamPosition{}, &ports.RewoundError{Intact: s.position(0)}
	}
	before, last := s.end(), uint64(0)
	for _, message := range messages {
		if s.rejected[message.Message.ID] {
			return ports.StreamPosition{}, &ports.RejectedError{Event: message.Message.ID, Reason: "scripted"}
		}
		last = s.store(message.Message, domain.ID{})
	}
	if s.end() > before && before < recorded.Sequence {
		return ports.StreamPosition{}, &ports.RewoundError{Intact: s.position(before)}
	}
	return s.position(last), nil
}

// store keeps a message it has not taken before, and returns where it lies.
func (s *EventStream) store(message ports.Message, replay domain.ID) uint64 {
	known := slices.IndexFunc(s.messages, func(held stored) bool { return held.ID == message.ID && held.replay == replay })
	if known >= 0 {
		return uint64(known) + 1
	}
	s.messages = append(s.messages, stored{Message: message, at: time.Now(), replay: replay})
	return s.end()
}

func (s *EventStream) end() uint64 { return uint64(len(s.messages)) }

func (s *EventStream) position(sequence uint64) ports.StreamPosition {
	return ports.StreamPosition{Stream: s.identity, Sequence: sequence}
}

// Tail is part of ports.EventStream.
func (s *EventStream) Tail(ctx context.Context) (ports.StreamPosition, error) {
	if err := s.down(ctx); err != nil {
		return ports.StreamPosition{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.position(s.end()), nil
}

// EventAt is part of ports.EventStream.
func (s *EventStream) EventAt(ctx context.Context, sequence uint64) (domain.EventID, error) {
	if err := s.down(ctx); err != nil {
		return domain.EventID{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for at := min(sequence, s.end()); at > 0; at-- {
		if held := s.messages[at-1]; !held.purged && held.replay.IsZero() {
			return held.ID, nil
		}
	}
	return domain.EventID{}, nil
}

// Purge is part of ports.StreamEraser.
func (s *EventStream) Purge(ctx context.Context, user domain.UserID) error {
	if err := s.down(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, held := range s.messages {
		ofUser := held.UserID == user && !strings.HasPrefix(held.Subject, "menjin.user."+string(domain.EventDeleted)+".")
		if ofUser || held.Headers[ports.HeaderUserID] == user.String() {
			s.messages[i].purged = true
		}
	}
	return nil
}
