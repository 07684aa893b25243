package push

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/menjin-id/menjin/application/update"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// withdrawn is what of a person's data may not be kept any longer.
type withdrawn struct{ profile, phone, email bool }

// revoked reads RevokeInfo: the numbers of what was authorised. Most are of things that are not kept here.
func revoked(info string) (what withdrawn) {
	separator := func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(",;|,、", r) }
	for _, number := range strings.FieldsFunc(info, separator) {
		switch number {
		case "6", "19", "20":
			what.profile = true
		case "8":
			what.phone = true
		case "16":
			what.email = true
		case "301":
			return withdrawn{profile: true, phone: true, email: true}
		}
	}
	return what
}

// from takes the data away from a user.
func (w withdrawn) from(user *domain.User, c update.Change) []domain.Event {
	events := user.ChangeProfile(domain.ProfileChange{
		Nickname:  domain.Change[domain.Nickname]{Given: w.profile},
		AvatarURL: domain.Change[domain.AvatarURL]{Given: w.profile},
		Email:     domain.Change[domain.Email]{Given: w.email},
	}, c.Stamp())
	if w.phone {
		events = append(events, user.UnbindPhone(c.Stamp())...)
	}
	return events
}

func (uc *Take) withdraw(ctx context.Context, m Message, what withdrawn) error {
	if what == (withdrawn{}) {
		return uc.remember(ctx, m)
	}
	_, err := uc.changeOwner(ctx, m, noteWithdrawal, what.from)
	return err
}

// noteFunc makes what the audit log keeps of a message about a user; nil keeps nothing.
type noteFunc func(m Message, id domain.UserID) *update.Note

func noteWithdrawal(m Message, id domain.UserID) *update.Note {
	return &update.Note{Actor: domain.Actor{UserID: id}, Action: domain.AuditWithdraw, Detail: m.name()}
}

// errMoved says that the openid was somebody's when asked, and is theirs no more.
var errMoved = errors.New("the openid has another user by now")

// moves is how often an openid may change hands while a message is taken in.
const moves = 3

// changeOwner changes whoever has the openid of the message, and returns whom; nobody is no error. A message without an openid
// changes nobody.
func (uc *Take) changeOwner(
	ctx context.Context, m Message, noteOf noteFunc, change func(*domain.User, update.Change) []domain.Event,
) (domain.UserID, error) {
	openID, err := domain.NewOpenID(m.OpenID.Reveal())
	if err != nil {
		uc.log.WarnContext(ctx, "a message of WeChat's does not say whom it concerns", "app_id", m.App, "event", m.name())
		return domain.UserID{}, uc.remember(ctx, m)
	}
	for range moves {
		user, err := uc.users.ByWeChat(ctx, m.App, openID)
		if errors.Is(err, domain.ErrUserNotFound) {
			return domain.UserID{}, uc.remember(ctx, m)
		}
		if err != nil {
			return domain.UserID{}, fmt.Errorf("find user: %w", err)
		}
		err = uc.changeOne(ctx, m, user.ID(), openID, noteOf, change)
		if !errors.Is(err, errMoved) && !errors.Is(err, domain.ErrUserNotFound) {
			return user.ID(), err
		}
	}
	return domain.UserID{}, errMoved
}

func (uc *Take) changeOne(
	ctx context.Context, m Message, id domain.UserID, openID domain.OpenID, noteOf noteFunc,
	change func(*domain.User, update.Change) []domain.Event,
) error {
	c := uc.updates.Begin()
	return uc.tx.InTx(ctx, func(ctx context.Context, tx ports.Tx) error {
		user, err := tx.Users().ForUpdate(ctx, id)
		if err != nil {
			return fmt.Errorf("load user: %w", err)
		}
		if !has(user, m.App, openID) {
			return errMoved
		}
		if err := m.markTaken(ctx, tx, c); err != nil {
			return err
		}
		events := change(user, c)
		if err := tx.Users().Save(ctx, user); err != nil {
			return fmt.Errorf("save user: %w", err)
		}
		return c.Finish(ctx, tx, id, noteOf(m, id), events)
	})
}

func has(user *domain.User, app domain.AppID, openID domain.OpenID) bool {
	return slices.ContainsFunc(user.State().WeChat, func(i domain.WeChatIdentity) bool {
		return i.AppID == app && i.OpenID.Equal(openID.Secret)
	})
}
