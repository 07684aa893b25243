package memory

import (
	"context"
	"slices"
	"sync"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// WeChat is a ports.WeChat that knows the login codes it was told of.
type WeChat struct {
	outage
	apps []domain.AppID

	mu    sync.Mutex
	codes map[string]*answer
	calls int
}

// answer is what a login code is worth.
type answer struct {
	login ports.WeChatLogin
	err   error
	used  bool
}

// NewWeChat returns a WeChat that serves these mini-programs.
func NewWeChat(apps ...domain.AppID) *WeChat {
	return &WeChat{apps: apps, codes: map[string]*answer{}}
}

// Grant makes a login code good for one exchange, in any of the mini-programs.
func (w *WeChat) Grant(code string, login ports.WeChatLogin) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.codes[code] = &answer{login: login}
}

// Refuse makes the exchange of a login code fail with err, each time.
func (w *WeChat) Refuse(code string, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.codes[code] = &answer{err: err}
}

// Calls returns how often ExchangeCode was called.
func (w *WeChat) Calls() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.calls
}

// ExchangeCode is part of ports.WeChat. A code nobody told of is domain.ErrWeChatCodeInvalid.
func (w *WeChat) ExchangeCode(ctx context.Context, app domain.AppID, code domain.Secret) (ports.WeChatLogin, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls++
	if err := w.down(ctx); err != nil {
		return ports.WeChatLogin{}, err
	}
	if !slices.Contains(w.apps, app) {
		return ports.WeChatLogin{}, notServed()
	}
	switch answer := w.codes[code.Reveal()]; {
	case answer == nil:
		return ports.WeChatLogin{}, domain.ErrWeChatCodeInvalid
	case answer.err != nil:
		return ports.WeChatLogin{}, answer.err
	case answer.used:
		return ports.WeChatLogin{}, domain.ErrWeChatCodeUsed
	default:
		answer.used = true
		return answer.login, nil
	}
}

func notServed() error {
	return domain.Invalid(domain.Violation{Field: "app_id", Rule: "enum", Text: "is not served here"})
}
