package personal

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// resetLimit bounds what is done for one user, before the commit and again after it.
const resetLimit = 2 * time.Second

// KeyReset makes the session_keys that WeChat shares with a user useless.
type KeyReset struct {
	users  ports.UserReader
	keys   ports.SessionKeyReader
	wechat ports.WeChatSessionKeys
	log    *slog.Logger
}

// NewKeyReset makes a KeyReset of what it needs.
func NewKeyReset(
	users ports.UserReader, keys ports.SessionKeyReader, wechat ports.WeChatSessionKeys, log *slog.Logger,
) *KeyReset {
	return &KeyReset{users, keys, wechat, log}
}

// sharedKey is a session_key of a person at a mini-program.
type sharedKey struct {
	app    domain.AppID
	openID domain.OpenID
	key    domain.SessionKey
}

// find returns the keys to reset later: they are gone with the sessions. What it cannot find within its time is logged.
func (r *KeyReset) find(ctx context.Context, id domain.UserID) (found []sharedKey) {
	r.within(ctx, func(ctx context.Context) error {
		user, err := r.users.ByID(ctx, id)
		if errors.Is(err, domain.ErrUserNotFound) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("load user: %w", err)
		}
		var faults []error
		for _, identity := range user.State().WeChat {
			key, err := r.keys.NewestKey(ctx, id, identity.AppID)
			if err != nil {
				faults = append(faults, fmt.Errorf("find session_key at %s: %w", identity.AppID, err))
			} else if !key.IsZero() {
				found = append(found, sharedKey{identity.AppID, identity.OpenID, key})
			}
		}
		return errors.Join(faults...)
	})
	return found
}

// reset comes after the commit, so that the keys of somebody who is wanted after all stay good.
func (r *KeyReset) reset(ctx context.Context, keys []sharedKey) {
	r.within(ctx, func(ctx context.Context) error {
		var faults []error
		for _, shared := range keys {
			err := r.wechat.ResetSessionKey(ctx, shared.app, shared.openID, shared.key)
			if err != nil && !errors.Is(err, domain.ErrSessionKeyStale) { // useless already
				faults = append(faults, fmt.Errorf("reset session_key at %s: %w", shared.app, err))
			}
		}
		return errors.Join(faults...)
	})
}

// within does what can be done in its time. What cannot is logged: a deletion does not wait for WeChat.
func (r *KeyReset) within(ctx context.Context, do func(ctx context.Context) error) {
	limited, cancel := context.WithTimeout(ctx, resetLimit)
	defer cancel()
	if err := do(limited); err != nil && ctx.Err() == nil {
		r.log.WarnContext(ctx, "session_keys of a user who is deleted cannot all be reset", "error", err)
	}
}
