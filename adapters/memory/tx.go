package memory

import (
	"context"
	"errors"
	"fmt"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// tx holds what a transaction wrote until it commits. It is a ports.Tx, UserWriter and Outbox.
type tx struct {
	store      *Store
	users      map[domain.UserID]*domain.User
	identities map[identityKey]bool
	entries    []*entry
	failed     error // the first write that failed: the transaction cannot be committed any more
}

func newTx(store *Store) *tx {
	return &tx{store: store, users: map[domain.UserID]*domain.User{}, identities: map[identityKey]bool{}}
}

func (t *tx) Users() ports.UserWriter { return t }
func (t *tx) Outbox() ports.Outbox    { return t }

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
	for _, identity := range user.State().WeChat {
		key := keyOf(identity.AppID, identity.OpenID)
		if _, taken := t.store.byWeChat[key]; taken || t.identities[key] {
			return t.fail(domain.ErrWeChatTaken)
		}
		t.identities[key] = true
	}
	t.users[user.ID()] = copyOf(user)
	return nil
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
	if user, ok := t.users[id]; ok {
		return copyOf(user), nil
	}
	return t.store.user(id)
}

func (t *tx) Save(ctx context.Context, user *domain.User) error {
	if err := t.store.down(ctx); err != nil {
		return t.fail(err)
	}
	t.store.mu.Lock()
	defer t.store.mu.Unlock()
	kept, err := t.read(user.ID())
	if err != nil {
		return t.fail(fmt.Errorf("save user %s: %w", user.ID(), err))
	}
	state := user.State()
	state.WeChat = kept.State().WeChat
	t.users[user.ID()] = domain.RestoreUser(state)
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
		if t.store.outbox.knows(event) || t.appended(event) {
			return t.fail(fmt.Errorf("append event %s: %w", event.ID, errRepeatedEvent))
		}
		t.entries = append(t.entries, &entry{event: event, message: message})
	}
	return nil
}

func (t *tx) appended(event domain.Event) bool {
	for _, entry := range t.entries {
		if entry.event.ID == event.ID || versionOf(entry.event) == versionOf(event) {
			return true
		}
	}
	return false
}
