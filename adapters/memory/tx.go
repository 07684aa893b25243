package memory

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// tx holds what a transaction wrote until it commits. It is a ports.Tx, UserWriter and Outbox.
type tx struct {
	store  *Store
	users  map[domain.UserID]*domain.User // nil for one who was removed
	events []*entry
	audit  []func(entries []domain.AuditEntry) []domain.AuditEntry // in the order of the writes
	inbox  map[[32]byte]time.Time
	failed error // the first write that failed: the transaction cannot be committed any more
}

func newTx(store *Store) *tx {
	return &tx{store: store, users: map[domain.UserID]*domain.User{}, inbox: map[[32]byte]time.Time{}}
}

func (t *tx) Users() ports.UserWriter { return t }
func (t *tx) Outbox() ports.Outbox    { return t }
func (t *tx) Audit() ports.AuditLog   { return auditLog{t} }
func (t *tx) Inbox() ports.Inbox      { return inbox{t} }

// fail remembers the first error of a write.
func (t *tx) fail(err error) error {
	if t.failed == nil {
		t.failed = err
	}
	return err
}

func (t *tx) Add(ctx context.Context, user *domain.User) error {
	if err := t.store.down(ctx); err != nil {
		return t.fail(err)
	}
	t.store.mu.Lock()
	defer t.store.mu.Unlock()
	if _, err := t.read(user.ID()); err == nil {
		return t.fail(fmt.Errorf("add user %s: the id is taken", user.ID()))
	}
	state := user.State()
	if t.anybodyElse(state.ID, func(other domain.UserState) bool { return shareUnionID(state, other) }) {
		return t.fail(domain.ErrWeChatTaken)
	}
	return t.write(user)
}

func (t *tx) ForUpdate(ctx context.Context, id domain.UserID) (*domain.User, error) {
	if err := t.store.down(ctx); err != nil {
		return nil, err
	}
	t.store.mu.Lock()
	defer t.store.mu.Unlock()
	return t.read(id)
}

// read returns a copy of a user as this transaction sees it.
func (t *tx) read(id domain.UserID) (*domain.User, error) {
	user, ok := t.users[id]
	switch {
	case !ok:
		return t.store.user(id)
	case user == nil:
		return nil, domain.ErrUserNotFound
	default:
		return copyOf(user), nil
	}
}

func (t *tx) Save(ctx context.Context, user *domain.User) error {
	if err := t.store.down(ctx); err != nil {
		return t.fail(err)
	}
	t.store.mu.Lock()
	defer t.store.mu.Unlock()
	if _, err := t.read(user.ID()); err != nil {
		return t.fail(fmt.Errorf("save user %s: %w", user.ID(), err))
	}
	return t.write(user)
}

func (t *tx) Remove(ctx context.Context, id domain.UserID) error {
	if err := t.store.down(ctx); err != nil {
		return t.fail(err)
	}
	t.users[id] = nil
	return nil
}

// write keeps a user unless somebody else has what must be one user's.
func (t *tx) write(user *domain.User) error {
	var err error
	t.anybodyElse(user.ID(), func(other domain.UserState) bool {
		err = conflict(user.State(), other)
		return err != nil
	})
	if err != nil {
		return t.fail(err)
	}
	t.users[user.ID()] = copyOf(user)
	return nil
}

// anybodyElse reports whether a test holds for another user, as this transaction sees them.
func (t *tx) anybodyElse(id domain.UserID, holds func(domain.UserState) bool) bool {
	for other, state := range t.store.users {
		if _, written := t.users[other]; !written && other != id && holds(state) {
			return true
		}
	}
	for other, user := range t.users {
		if user != nil && other != id && holds(user.State()) {
			return true
		}
	}
	return false
}

func conflict(user, other domain.UserState) error {
	for _, identity := range user.WeChat {
		if hasIdentity(other, identity.AppID, identity.OpenID) {
			return domain.ErrWeChatTaken
		}
	}
	if hasUsername(other, user.Username) {
		return domain.ErrUsernameTaken
	}
	if hasEmail(other, user.Email) {
		return domain.ErrEmailTaken
	}
	if !user.Phone.IsZero() && user.Phone.Equal(other.Phone.Secret) {
		return domain.ErrPhoneTaken
	}
	return nil
}

var errRepeatedEvent = errors.New("the id, or the version of the user, was used before")

func (t *tx) Append(ctx context.Context, events ...domain.Event) error {
	if err := t.store.down(ctx); err != nil {
		return t.fail(err)
	}
	t.store.mu.Lock()
	defer t.store.mu.Unlock()
	for _, event := range events {
		message, err := t.store.codec.Encode(event)
		if err != nil {
			return t.fail(fmt.Errorf("encode event %s: %w", event.ID, err))
		}
		if t.store.outbox.knows(message) || t.appended(message) {
			return t.fail(fmt.Errorf("append event %s: %w", event.ID, errRepeatedEvent))
		}
		t.events = append(t.events, &entry{event: event, message: message})
	}
	return nil
}

func (t *tx) appended(message ports.Message) bool {
	for _, entry := range t.events {
		if entry.message.ID == message.ID || versionOf(entry.message) == versionOf(message) {
			return true
		}
	}
	return false
}
