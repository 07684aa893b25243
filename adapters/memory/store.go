package memory

import (
	"context"
	"maps"
	"sync"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// Store keeps users, and the outbox, the inbox and the audit log beside them. It is a ports.UserReader, UserFinder,
// UserBrowser, DeletionQueue, Transactor, AuditReader, OutboxQueue, OutboxLedger, OutboxArchive, EventHistory, EventEraser,
// OutboxMonitor, DeadLetters, OutboxSwitch, ReplayQueue and PublishedEvents. Transactions run one after another, so a change that opens another transaction waits for itself. Delays end by the
// machine's clock, and by the fake one within testing/synctest.
type Store struct {
	outage
	codec    ports.EventCodec
	onCommit func()
	writing  chan struct{} // holds a token while a transaction runs

	mu      sync.Mutex
	users   map[domain.UserID]domain.UserState
	entries []domain.AuditEntry // as they were appended
	inbox   map[[32]byte]time.Time
	outbox  outbox
	replays replays
}

// StoreOptions tunes a Store; its zero value works.
type StoreOptions struct {
	Shards int // of the outbox; 1 unless given
}

// NewStore returns an empty store. It calls onCommit after each commit that appended events.
func NewStore(codec ports.EventCodec, onCommit func(), options StoreOptions) *Store {
	return &Store{
		codec: codec, onCommit: onCommit, writing: make(chan struct{}, 1),
		users: map[domain.UserID]domain.UserState{}, inbox: map[[32]byte]time.Time{}, outbox: newOutbox(max(1, options.Shards)),
	}
}

// Events returns every event appended and not swept, in the order of appending, whatever became of it.
func (s *Store) Events() []domain.Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	var events []domain.Event
	for _, entry := range s.outbox.entries {
		events = append(events, entry.event)
	}
	return events
}

// Put keeps a user as it is, without a transaction or event, in place of the one with its id.
func (s *Store) Put(user *domain.User) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.users[user.ID()] = user.State()
}

// ByID is part of ports.UserReader.
func (s *Store) ByID(ctx context.Context, id domain.UserID) (*domain.User, error) {
	if err := s.down(ctx); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.user(id)
}

// ByWeChat is part of ports.UserReader.
func (s *Store) ByWeChat(ctx context.Context, app domain.AppID, openID domain.OpenID) (*domain.User, error) {
	if err := s.down(ctx); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.first(func(state domain.UserState) bool { return hasIdentity(state, app, openID) })
}

func (s *Store) user(id domain.UserID) (*domain.User, error) {
	state, ok := s.users[id]
	if !ok {
		return nil, domain.ErrUserNotFound
	}
	return copyOf(domain.RestoreUser(state)), nil
}

// copyOf returns a user that shares nothing with the given one.
func copyOf(user *domain.User) *domain.User { return domain.RestoreUser(user.State()) }

// InTx is part of ports.Transactor.
func (s *Store) InTx(ctx context.Context, change func(ctx context.Context, tx ports.Tx) error) error {
	if err := s.down(ctx); err != nil {
		return err
	}
	select {
	case s.writing <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	events, err := s.attempt(ctx, change)
	if err == nil && events > 0 {
		s.onCommit()
	}
	return err
}

// attempt runs and commits one transaction, and returns how many events it appended.
func (s *Store) attempt(ctx context.Context, change func(ctx context.Context, tx ports.Tx) error) (int, error) {
	defer func() { <-s.writing }()
	tx := newTx(s)
	if err := change(ctx, tx); err != nil {
		return 0, err
	}
	if tx.failed != nil {
		return 0, tx.failed
	}
	if err := s.down(ctx); err != nil {
		return 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, user := range tx.users {
		if user == nil {
			delete(s.users, id)
		} else {
			s.users[id] = user.State()
		}
	}
	for _, write := range tx.audit {
		s.entries = write(s.entries)
	}
	maps.Copy(s.inbox, tx.inbox)
	s.outbox.append(tx.events)
	return len(tx.events), nil
}
