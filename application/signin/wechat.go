package signin

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// WeChat signs a person in by the code of wx.login, and registers them the first time.
type WeChat struct {
	wechat  ports.WeChat
	users   ports.UserReader
	tx      ports.Transactor
	opener  *Opener
	now     ports.Clock
	newID   ports.NewID
	apps    []domain.AppID
	answers *answers
}

// NewWeChat makes the use case for the given mini-programs, the first of which is the default. There must be one.
func NewWeChat(
	wechat ports.WeChat, users ports.UserReader, tx ports.Transactor, opener *Opener,
	now ports.Clock, newID ports.NewID, apps []domain.AppID,
) *WeChat {
	return &WeChat{wechat, users, tx, opener, now, newID, apps, newAnswers(now)}
}

// WeChatInput is a wish to sign in by WeChat.
type WeChatInput struct {
	Code   domain.Secret
	AppID  domain.AppID // empty: the first mini-program configured
	Device domain.Device
	IP     string
}

// Do signs the person in. However often one code is posted, WeChat is asked once: posted again while the first is under
// way it gets the same answer, again within ten seconds from the same address and device too, and else
// domain.ErrWeChatCodeUsed. Further errors are those of ports.WeChat, domain.ErrAccountLocked and ErrUnavailable.
//
// Do goes on when ctx is cancelled, because the code is spent by then: a mini-program whose request was cut off in the
// background posts it again and finds its answer.
func (uc *WeChat) Do(ctx context.Context, in WeChatInput) (Result, error) {
	if in.Code.IsZero() {
		return Result{}, domain.Invalid(domain.Violation{Field: "code", Rule: "required", Text: "must not be empty"})
	}
	if in.AppID == "" {
		in.AppID = uc.apps[0]
	} else if !slices.Contains(uc.apps, in.AppID) {
		return Result{}, domain.Invalid(domain.Violation{Field: "app_id", Rule: "enum", Text: "is not a mini-program of this service"})
	}
	key := sha256.Sum256([]byte(string(in.AppID) + "\x00" + in.Code.Reveal()))
	return uc.answers.once(ctx, key, origin{in.IP, in.Device}, func(ctx context.Context) (Result, error) {
		return uc.signIn(ctx, in)
	})
}

func (uc *WeChat) signIn(ctx context.Context, in WeChatInput) (Result, error) {
	login, err := uc.wechat.ExchangeCode(ctx, in.AppID, in.Code)
	if err != nil {
		return Result{}, fmt.Errorf("exchange login code: %w", err)
	}
	user, isNew, err := uc.findOrRegister(ctx, domain.WeChatIdentity{
		AppID: in.AppID, OpenID: login.OpenID, UnionID: login.UnionID,
	})
	if err != nil {
		return Result{}, err
	}
	return uc.opener.open(ctx, opening{
		method: domain.MethodWeChat, user: user, isNew: isNew,
		app: in.AppID, device: in.Device, ip: in.IP, sessionKey: login.SessionKey,
	})
}

func (uc *WeChat) findOrRegister(ctx context.Context, identity domain.WeChatIdentity) (user *domain.User, isNew bool, err error) {
	user, err = uc.users.ByWeChat(ctx, identity.AppID, identity.OpenID)
	if err == nil {
		return user, false, nil
	}
	if !errors.Is(err, domain.ErrUserNotFound) {
		return nil, false, fmt.Errorf("find user: %w", err)
	}
	user, err = uc.register(ctx, identity)
	if err == nil {
		return user, true, nil
	}
	if !errors.Is(err, domain.ErrWeChatTaken) {
		return nil, false, fmt.Errorf("register user: %w", err)
	}
	// Another request of the same person was quicker.
	user, err = uc.users.ByWeChat(ctx, identity.AppID, identity.OpenID)
	if err != nil {
		return nil, false, fmt.Errorf("find user just registered: %w", err)
	}
	return user, false, nil
}

func (uc *WeChat) register(ctx context.Context, identity domain.WeChatIdentity) (*domain.User, error) {
	user, registered := domain.RegisterWithWeChat(
		domain.UserID{ID: uc.newID()}, identity,
		domain.Stamp{ID: domain.EventID{ID: uc.newID()}, At: uc.now()},
	)
	err := uc.tx.InTx(ctx, func(ctx context.Context, tx ports.Tx) error {
		if err := tx.Users().Add(ctx, user); err != nil {
			return fmt.Errorf("add user: %w", err)
		}
		return tx.Outbox().Append(ctx, registered)
	})
	return user, err
}
