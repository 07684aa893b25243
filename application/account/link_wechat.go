package account

import (
	"context"
	"fmt"

	"github.com/menjin-id/menjin/application/signin"
	"github.com/menjin-id/menjin/application/update"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// LinkWeChat adds signing in by WeChat to an account.
type LinkWeChat struct {
	wechat ports.WeChat
	users  *update.Users
	apps   []domain.AppID
}

// NewLinkWeChat makes the use case for the given mini-programs, the first of which is the default.
func NewLinkWeChat(wechat ports.WeChat, users *update.Users, apps []domain.AppID) *LinkWeChat {
	return &LinkWeChat{wechat, users, apps}
}

// Do trades a login code and links the identity behind it. It is domain.ErrWeChatTaken when the identity is somebody else's:
// two accounts of one person are merged, never silently joined.
func (uc *LinkWeChat) Do(ctx context.Context, caller Caller, code domain.Secret, named domain.AppID) (*domain.User, error) {
	app, err := signin.ChooseApp(uc.apps, code, named)
	if err != nil {
		return nil, err
	}
	login, err := uc.wechat.ExchangeCode(ctx, app, code)
	if err != nil {
		return nil, fmt.Errorf("exchange login code: %w", err)
	}
	identity := domain.WeChatIdentity{AppID: app, OpenID: login.OpenID, UnionID: login.UnionID}
	var linked *domain.User
	note := caller.note(domain.AuditLink, string(app))
	_, err = uc.users.One(ctx, caller.UserID, note, func(u *domain.User, c update.Change) ([]domain.Event, error) {
		linked = u
		return u.LinkWeChat(identity, c.Stamp()), nil
	})
	if err != nil {
		return nil, fmt.Errorf("link identity: %w", err)
	}
	return linked, nil
}

// UnlinkWeChat takes signing in by WeChat from an account.
type UnlinkWeChat struct{ users *update.Users }

// NewUnlinkWeChat makes the use case.
func NewUnlinkWeChat(users *update.Users) *UnlinkWeChat { return &UnlinkWeChat{users} }

// Do unlinks the caller from a mini-program. It is domain.ErrNotFound when they are not linked, and domain.ErrLastCredential
// when they could sign in no more.
func (uc *UnlinkWeChat) Do(ctx context.Context, caller Caller, app domain.AppID) (*domain.User, error) {
	var unlinked *domain.User
	note := caller.note(domain.AuditUnlink, string(app))
	_, err := uc.users.One(ctx, caller.UserID, note, func(u *domain.User, c update.Change) ([]domain.Event, error) {
		unlinked = u
		event, err := u.UnlinkWeChat(app, c.Stamp())
		return []domain.Event{event}, err
	})
	if err != nil {
		return nil, fmt.Errorf("unlink identity: %w", err)
	}
	return unlinked, nil
}
