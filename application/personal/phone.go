package personal

import (
	"context"
	"fmt"
	"time"

	"github.com/menjin-id/menjin/application/account"
	"github.com/menjin-id/menjin/application/update"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// spentLimit is how long it may take to make use of a code that is spent.
const spentLimit = 15 * time.Second

// BindPhone gives callers the telephone number that WeChat has of them.
type BindPhone struct {
	links  *Links
	phones ports.WeChatPhones
	seals  *Seals
	users  *update.Users
}

// NewBindPhone makes the use case.
func NewBindPhone(links *Links, phones ports.WeChatPhones, seals *Seals, users *update.Users) *BindPhone {
	return &BindPhone{links, phones, seals, users}
}

// PhoneInput is what a phone button gave.
type PhoneInput struct {
	AppID domain.AppID        // empty: as Links finds it
	Code  domain.Secret       // or else:
	Data  ports.EncryptedData // the older form
}

// Do binds the number in place of any other and returns the user. It is domain.ErrPhoneTaken when the number is somebody
// else's; other errors are those of ports.WeChatPhones for a code, those of ports.WeChatData and domain.ErrSessionKeyStale for
// encrypted data, and domain.ErrInvalidArgument with field "app_id".
//
// With a code, Do goes on when ctx is cancelled: the code is spent by then, and paid for.
func (uc *BindPhone) Do(ctx context.Context, caller account.Caller, in PhoneInput) (*domain.User, error) {
	at, err := uc.links.find(ctx, caller, in.AppID)
	if err != nil {
		return nil, err
	}
	var phone domain.Phone
	if in.Code.IsZero() {
		phone, err = uc.open(ctx, at, in.Data)
	} else {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), spentLimit)
		defer cancel()
		phone, err = uc.phones.ExchangePhoneCode(ctx, at.app, at.identities[0].OpenID, in.Code)
	}
	if err != nil {
		return nil, fmt.Errorf("get phone number: %w", err)
	}
	note := noteOf(caller, domain.AuditPhoneBind, string(at.app))
	user, err := change(ctx, uc.users, caller, note, func(u *domain.User, stamp domain.Stamp) []domain.Event {
		return u.BindPhone(phone, stamp)
	})
	if err != nil {
		return nil, fmt.Errorf("bind phone number: %w", err)
	}
	return user, nil
}

func (uc *BindPhone) open(ctx context.Context, at link, data ports.EncryptedData) (phone domain.Phone, err error) {
	err = uc.seals.open(ctx, at, func(key domain.SessionKey) (err error) {
		phone, err = uc.seals.data.OpenPhone(at.app, key, data, uc.seals.now())
		return err
	})
	return phone, err
}

// UnbindPhone takes callers' telephone numbers away.
type UnbindPhone struct{ users *update.Users }

// NewUnbindPhone makes the use case.
func NewUnbindPhone(users *update.Users) *UnbindPhone { return &UnbindPhone{users} }

// Do returns the user, who has no number afterwards. Having none before is no error.
func (uc *UnbindPhone) Do(ctx context.Context, caller account.Caller) (*domain.User, error) {
	note := noteOf(caller, domain.AuditPhoneUnbind, "")
	user, err := change(ctx, uc.users, caller, note, (*domain.User).UnbindPhone)
	if err != nil {
		return nil, fmt.Errorf("unbind phone number: %w", err)
	}
	return user, nil
}
