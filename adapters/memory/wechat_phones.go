package memory

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/menjin-id/menjin/domain"
)

// WeChatPhones is a ports.WeChatPhones that knows the phone codes it was told of.
type WeChatPhones struct {
	outage
	apps []domain.AppID

	mu         sync.Mutex
	codes      map[string]*phoneAnswer
	calls      int
	onExchange func()
}

// phoneAnswer is what a phone code is worth.
type phoneAnswer struct {
	owner domain.OpenID
	phone domain.Phone
	err   error
	used  bool
}

// NewWeChatPhones returns WeChatPhones that serve these mini-programs.
func NewWeChatPhones(apps ...domain.AppID) *WeChatPhones {
	return &WeChatPhones{apps: apps, codes: map[string]*phoneAnswer{}, onExchange: func() {}}
}

// Grant makes a phone code of a person good for one exchange.
func (w *WeChatPhones) Grant(code string, owner domain.OpenID, phone domain.Phone) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.codes[code] = &phoneAnswer{owner: owner, phone: phone}
}

// Refuse makes the exchange of a phone code fail with err, each time and whoever's it is.
func (w *WeChatPhones) Refuse(code string, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.codes[code] = &phoneAnswer{err: err}
}

// OnExchange lets something happen while each code is on its way.
func (w *WeChatPhones) OnExchange(happens func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.onExchange = happens
}

// Calls returns how often ExchangePhoneCode was called.
func (w *WeChatPhones) Calls() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.calls
}

// ExchangePhoneCode is part of ports.WeChatPhones. A code nobody told of, of another person, or used before is
// domain.ErrWeChatCodeInvalid; WeChat does not tell them apart.
func (w *WeChatPhones) ExchangePhoneCode(
	ctx context.Context, app domain.AppID, openID domain.OpenID, code domain.Secret,
) (domain.Phone, error) {
	w.begin()
	if err := w.down(ctx); err != nil {
		return domain.Phone{}, err
	}
	if !slices.Contains(w.apps, app) {
		return domain.Phone{}, notServed()
	}
	if strings.TrimSpace(code.Reveal()) == "" {
		return domain.Phone{}, domain.Invalid(domain.Violation{Field: "code", Rule: "required", Text: "must not be empty"})
	}
	if _, err := domain.NewOpenID(openID.Reveal()); err != nil {
		return domain.Phone{}, err
	}
	return w.spend(openID, code)
}

// begin counts a call. What happens meanwhile may call again.
func (w *WeChatPhones) begin() {
	w.mu.Lock()
	w.calls++
	happens := w.onExchange
	w.mu.Unlock()
	happens()
}

func (w *WeChatPhones) spend(openID domain.OpenID, code domain.Secret) (domain.Phone, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch answer := w.codes[code.Reveal()]; {
	case answer == nil:
		return domain.Phone{}, domain.ErrWeChatCodeInvalid
	case answer.err != nil:
		return domain.Phone{}, answer.err
	case answer.used, !answer.owner.Equal(openID.Secret):
		return domain.Phone{}, domain.ErrWeChatCodeInvalid
	default:
		answer.used = true
		return answer.phone, nil
	}
}
