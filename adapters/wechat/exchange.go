package wechat

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

const maxCodeLength = 256 // bytes; WeChat's have 32 and 64

func loginQuery(app App) domain.Secret {
	return domain.NewSecret("appid=" + url.QueryEscape(string(app.ID)) + "&secret=" + url.QueryEscape(app.Secret.Reveal()) +
		"&grant_type=authorization_code&js_code=")
}

// ExchangeCode trades a login code, as ports.WeChat says. When ctx is cancelled the error matches context.Canceled; whether
// WeChat has seen the code is then unknown.
func (c *Client) ExchangeCode(ctx context.Context, app domain.AppID, code domain.Secret) (ports.WeChatLogin, error) {
	program, err := c.program(app)
	if err != nil {
		return ports.WeChatLogin{}, err
	}
	if err := checkCode(code.Reveal()); err != nil {
		return ports.WeChatLogin{}, err
	}
	login, err := program.logins.run(func() (ports.WeChatLogin, error) { return c.exchange(ctx, program, code) })
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

func (c *Client) exchange(caller context.Context, program *program, code domain.Secret) (ports.WeChatLogin, error) {
	ctx, cancel := context.WithTimeout(caller, c.timeout)
	defer cancel()
	login, err := attempt(ctx, c, loginAPI, func() (ports.WeChatLogin, error) { return c.askLogin(ctx, program, code) })
	if err != nil {
		return ports.WeChatLogin{}, c.settle(caller, program, loginAPI, err)
	}
	return login, nil
}

func (c *Client) askLogin(ctx context.Context, program *program, code domain.Secret) (ports.WeChatLogin, error) {
	body, err := c.send(ctx, get(c.loginAddress, program.loginQuery.Reveal()+url.QueryEscape(code.Reveal())))
	if err != nil {
		return ports.WeChatLogin{}, err
	}
	return decodeLogin(body)
}
