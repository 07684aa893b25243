package personal

import (
	"context"
	"errors"
	"fmt"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// Seals opens what WeChat encrypted for a mini-program with the session_key of one of its users.
type Seals struct {
	keys   ports.SessionKeyReader
	wechat ports.WeChatSessionKeys
	data   ports.WeChatData
	now    ports.Clock
}

// NewSeals makes Seals of what it needs.
func NewSeals(keys ports.SessionKeyReader, wechat ports.WeChatSessionKeys, data ports.WeChatData, now ports.Clock) *Seals {
	return &Seals{keys, wechat, data, now}
}

// open lets read use the newest session_key there is of a caller. It is domain.ErrSessionKeyStale when there is none, or when
// read failed because WeChat uses another one by now: what was sent may be good then, and wx.login mends it.
func (s *Seals) open(ctx context.Context, at link, read func(key domain.SessionKey) error) error {
	key, err := s.keys.NewestKey(ctx, at.user, at.app)
	if err != nil {
		return fmt.Errorf("find session_key: %w", err)
	}
	if key.IsZero() {
		return domain.ErrSessionKeyStale
	}
	err = read(key)
	if suspicious(err) && s.stale(ctx, at, key) {
		return domain.ErrSessionKeyStale
	}
	return err
}

// suspicious reports whether an error is what a wrong key leads to.
func suspicious(err error) bool {
	return errors.Is(err, domain.ErrDecryptionFailed) || errors.Is(err, domain.ErrSignatureMismatch)
}

// stale asks WeChat. Where it does not answer, nothing is known against the key.
func (s *Seals) stale(ctx context.Context, at link, key domain.SessionKey) bool {
	for _, identity := range at.identities {
		if err := s.wechat.CheckSessionKey(ctx, at.app, identity.OpenID, key); !errors.Is(err, domain.ErrSessionKeyStale) {
			return false
		}
	}
	return true
}
