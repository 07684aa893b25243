package signin

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"

	"github.com/menjin-id/menjin/application/update"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// WeChat signs a person in by the code of wx.login, and registers them the first time.
type WeChat struct {
	wechat  ports.WeChat
	reader  ports.UserReader
	finder  ports.UserFinder
	tx      ports.Transactor
	users   *update.Users
	opener  *Opener
	newID   ports.NewID
	apps    []domain.AppID
	answers *answers
}

// NewWeChat makes the use case for the given mini-programs, the first of which is the default. There must be one.
func NewWeChat(
	wechat ports.WeChat, reader ports.UserReader, finder ports.UserFinder, tx ports.Transactor, users *update.Users,
	opener *Opener, now ports.Clock, newID ports.NewID, apps []domain.AppID,
) *WeChat {
	return &WeChat{wechat, reader, finder, tx, users, opener, newID, apps, newAnswers(now)}
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
	app, err := ChooseApp(uc.apps, in.Code, in.AppID)
	if err != nil {
		return Result{}, err
	}
	in.AppID = app
	key := sha256.Sum256([]byte(string(in.AppID) + "\x00" + in.Code.Reveal()))
	result, err := uc.answers.once(ctx, key, origin{in.IP, in.Device}, func(ctx context.Context) (Result, error) {
		return uc.signIn(ctx, in)
	})
	if err == nil && result.User == nil { // an answer given before
		result.User, err = uc.reader.ByID(ctx, result.UserID)
		if errors.Is(err, domain.ErrUserNotFound) { // deleted, or merged, since
			return Result{}, domain.ErrWeChatCodeUsed
		}
		if err != nil {
			return Result{}, fmt.Errorf("load user again: %w", err)
		}
	}
	return result, err
}

// ChooseApp returns the mini-program that a login code is for: the one named, or else the first.
func ChooseApp(apps []domain.AppID, code domain.Secret, named domain.AppID) (domain.AppID, error) {
	switch {
	case code.IsZero():
		return "", domain.Invalid(domain.Violation{Field: "code", Rule: "required", Text: "must not be empty"})
	case named == "":
		return apps[0], nil
	case !slices.Contains(apps, named):
		return "", domain.Invalid(domain.Violation{Field: "app_id", Rule: "enum", Text: "is not a mini-program of this service"})
	default:
		return named, nil
	}
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

// maxTries is how often a person is looked for. Each of two more may be lost to another request of the same person: one that
// registers them in another mini-program, and then one that links the identity to who they are now.
const maxTries = 3

// findOrRegister goes by the openid first: where accounts of one person were made before WeChat told that they are one, the
// account of the identity used is meant.
func (uc *WeChat) findOrRegister(ctx context.Context, identity domain.WeChatIdentity) (user *domain.User, isNew bool, err error) {
	for try := 1; ; try++ {
		user, err = uc.find(ctx, identity)
		if !errors.Is(err, domain.ErrUserNotFound) {
			return user, false, err
		}
		user, isNew, err = uc.recogniseOrRegister(ctx, identity)
		if try == maxTries || !overtaken(err) {
			return user, isNew, err
		}
	}
}

// overtaken reports that another request of the same person was quicker: to register or link them, or to merge the account
// that was found into another.
func overtaken(err error) bool {
	return errors.Is(err, domain.ErrWeChatTaken) || errors.Is(err, domain.ErrUserNotFound)
}

// find returns who has the openid, and keeps a unionid that WeChat did not give before.
func (uc *WeChat) find(ctx context.Context, identity domain.WeChatIdentity) (*domain.User, error) {
	user, err := uc.reader.ByWeChat(ctx, identity.AppID, identity.OpenID)
	if err != nil {
		return nil, fmt.Errorf("find user: %w", err)
	}
	if !user.NeedsUnionID(identity) {
		return user, nil
	}
	_, err = uc.users.One(ctx, user.ID(), nil, func(u *domain.User, _ update.Change) ([]domain.Event, error) {
		u.LearnUnionID(identity)
		user = u
		return nil, nil
	})
	if err != nil {
		return nil, fmt.Errorf("keep unionid: %w", err)
	}
	return user, nil
}

// recogniseOrRegister links the identity to who has its unionid in another mini-program already, the earliest account where
// there are several, or else registers the person.
func (uc *WeChat) recogniseOrRegister(ctx context.Context, identity domain.WeChatIdentity) (user *domain.User, isNew bool, err error) {
	var known []*domain.User
	if !identity.UnionID.IsZero() {
		if known, err = uc.finder.ByUnionID(ctx, identity.UnionID); err != nil {
			return nil, false, fmt.Errorf("find user by unionid: %w", err)
		}
	}
	if len(known) == 0 {
		user, err = uc.register(ctx, identity)
		if err != nil {
			return nil, false, fmt.Errorf("register user: %w", err)
		}
		return user, true, nil
	}
	_, err = uc.users.One(ctx, known[0].ID(), nil, func(u *domain.User, c update.Change) ([]domain.Event, error) {
		user = u
		return u.LinkWeChat(identity, c.Stamp()), nil
	})
	if err != nil {
		return nil, false, fmt.Errorf("link identity: %w", err)
	}
	return user, false, nil
}

func (uc *WeChat) register(ctx context.Context, identity domain.WeChatIdentity) (*domain.User, error) {
	c := uc.users.Begin()
	user, registered := domain.RegisterWithWeChat(domain.UserID{ID: uc.newID()}, identity, c.Stamp())
	err := uc.tx.InTx(ctx, func(ctx context.Context, tx ports.Tx) error {
		if err := tx.Users().Add(ctx, user); err != nil {
			return fmt.Errorf("add user: %w", err)
		}
		return c.Finish(ctx, tx, user.ID(), nil, []domain.Event{registered})
	})
	return user, err
}
