package wechat

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

const (
	maxCodeLength = 256 // bytes; WeChat's have 32
	busyPause     = 100 * time.Millisecond
)

// ExchangeCode trades a login code, as ports.WeChat says. When ctx is cancelled the error matches context.Canceled; whether
// WeChat has seen the code is then unknown.
func (c *Client) ExchangeCode(ctx context.Context, app domain.AppID, code domain.Secret) (ports.WeChatLogin, error) {
	program, ok := c.apps[app]
	if !ok {
		return ports.WeChatLogin{}, domain.Invalid(domain.Violation{Field: "app_id", Rule: "enum", Text: "is not a known mini-program"})
	}
	if err := checkCode(code.Reveal()); err != nil {
		return ports.WeChatLogin{}, err
	}
	login, err := program.breaker.run(func() (ports.WeChatLogin, error) { return c.exchange(ctx, program, code) })
	if err != nil {
		return ports.WeChatLogin{}, fmt.Errorf("exchange WeChat login code: %w", err)
	}
	return login, nil
}

// checkCode keeps back what WeChat would call a fault of ours: anybody could stop all sign-ins with such codes, because
// faults of ours open the breaker.
func checkCode(code string) error {
	fault := domain.Violation{Field: "code"}
	switch {
	case strings.TrimSpace(code) == "":
		fault.Rule, fault.Text = "required", "must not be empty"
	case len(code) > maxCodeLength:
		fault.Rule, fault.Text = "max", "must have at most 256 bytes"
	case !utf8.ValidString(code) || strings.ContainsFunc(code, unicode.IsControl):
		fault.Rule, fault.Text = "format", "must not hold control characters"
	default:
		return nil
	}
	return domain.Invalid(fault)
}

// exchange asks, and once more after a moment when WeChat said that it was busy.
func (c *Client) exchange(caller context.Context, program *program, code domain.Secret) (ports.WeChatLogin, error) {
	ctx, cancel := context.WithTimeout(caller, c.timeout)
	defer cancel()
	login, err := c.ask(ctx, program, code)
	if isBusy(err) && pause(ctx, busyPause) {
		login, err = c.ask(ctx, program, code)
	}
	if err == nil {
		return login, nil
	}
	if refused, ok := errors.AsType[*refusal](err); ok {
		return ports.WeChatLogin{}, c.refuse(ctx, program, refused)
	}
	return ports.WeChatLogin{}, judge(caller, err)
}

func isBusy(err error) bool {
	refused, ok := errors.AsType[*refusal](err)
	return ok && refused.errcode == errcodeBusy
}

// pause reports whether the time passed before ctx ended.
func pause(ctx context.Context, length time.Duration) bool {
	timer := time.NewTimer(length)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// refuse turns WeChat's no into ours, and tells the operator what only the operator can mend.
func (c *Client) refuse(ctx context.Context, program *program, refused *refusal) error {
	meaning := meaningOf(refused.errcode)
	if meaning.alert {
		c.log.LogAttrs(ctx, slog.LevelError, "WeChat refused to exchange a login code",
			slog.String("app_id", string(program.id)), slog.Int64("errcode", refused.errcode),
			slog.String("class", string(meaning.class)), slog.String("meaning", meaning.text), slog.String("rid", refused.rid))
	}
	return &fault{what: refused.Error() + ", " + meaning.text, failure: meaning.failure, health: meaning.class.health()}
}
