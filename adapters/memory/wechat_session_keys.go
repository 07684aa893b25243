package memory

import (
	"context"
	"slices"
	"sync"

	"github.com/menjin-id/menjin/domain"
)

// WeChatSessionKeys is a ports.WeChatSessionKeys that knows the session_keys it was told of.
type WeChatSessionKeys struct {
	outage
	apps []domain.AppID

	mu     sync.Mutex
	keys   map[keyHolder]domain.SessionKey
	resets []domain.OpenID
}

// keyHolder is a person in a mini-program.
type keyHolder struct {
	app    domain.AppID
	openID string
}

// NewWeChatSessionKeys returns WeChatSessionKeys that serve these mini-programs.
func NewWeChatSessionKeys(apps ...domain.AppID) *WeChatSessionKeys {
	return &WeChatSessionKeys{apps: apps, keys: map[keyHolder]domain.SessionKey{}}
}

// Use makes a person's session_key the one that WeChat has, in place of any other.
func (w *WeChatSessionKeys) Use(app domain.AppID, openID domain.OpenID, key domain.SessionKey) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.keys[keyHolder{app, openID.Reveal()}] = key
}

// Resets returns whose keys were reset, in that order.
func (w *WeChatSessionKeys) Resets() []domain.OpenID {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.resets)
}

// CheckSessionKey is part of ports.WeChatSessionKeys.
func (w *WeChatSessionKeys) CheckSessionKey(ctx context.Context, app domain.AppID, openID domain.OpenID, key domain.SessionKey) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.prove(ctx, app, openID, key)
}

// ResetSessionKey is part of ports.WeChatSessionKeys.
func (w *WeChatSessionKeys) ResetSessionKey(ctx context.Context, app domain.AppID, openID domain.OpenID, key domain.SessionKey) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.prove(ctx, app, openID, key); err != nil {
		return err
	}
	delete(w.keys, keyHolder{app, openID.Reveal()})
	w.resets = append(w.resets, openID)
	return nil
}

// prove returns nil when the key is WeChat's. The caller holds the lock.
func (w *WeChatSessionKeys) prove(ctx context.Context, app domain.AppID, openID domain.OpenID, key domain.SessionKey) error {
	if err := w.down(ctx); err != nil {
		return err
	}
	if !slices.Contains(w.apps, app) {
		return notServed()
	}
	if _, err := domain.NewOpenID(openID.Reveal()); err != nil {
		return err
	}
	if key.IsZero() || !w.keys[keyHolder{app, openID.Reveal()}].Equal(key.Secret) {
		return domain.ErrSessionKeyStale
	}
	return nil
}
