package wechat

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/menjin-id/menjin/domain"
)

// ExchangePhoneCode trades the code of a phone button, as ports.WeChatPhones says. When ctx is cancelled the error matches
// context.Canceled; whether WeChat has seen the code is then unknown.
func (c *Client) ExchangePhoneCode(ctx context.Context, app domain.AppID, openID domain.OpenID, code domain.Secret) (domain.Phone, error) {
	program, err := c.program(app)
	if err != nil {
		return domain.Phone{}, err
	}
	if err := checkCode(code.Reveal()); err != nil {
		return domain.Phone{}, err
	}
	if _, err := domain.NewOpenID(openID.Reveal()); err != nil {
		return domain.Phone{}, err // without one WeChat would not look whose code it is
	}
	body, err := json.Marshal(map[string]string{"code": code.Reveal(), "openid": openID.Reveal()})
	if err != nil {
		return domain.Phone{}, fmt.Errorf("encode WeChat phone code: %w", err)
	}
	phone, err := use(ctx, c, program, tokenUse[domain.Phone]{
		door: phoneAPI, breaker: program.phones,
		ask: func(ctx context.Context, token domain.Secret) (domain.Phone, error) {
			answer, err := c.send(ctx, post(phoneAPI.at(c.base), tokenQuery(token), string(body)))
			if err != nil {
				return domain.Phone{}, err
			}
			return decodePhone(answer, app)
		},
	})
	if err != nil {
		return domain.Phone{}, fmt.Errorf("exchange WeChat phone code: %w", err)
	}
	return phone, nil
}

// phoneAnswer is getPhoneNumber's.
type phoneAnswer struct {
	status

	PhoneInfo phoneInfo `json:"phone_info"`
}

// decodePhone believes a success only with a sound number that was given to the mini-program. A number that is not sound may
// be one person's, and does not open the breaker. The error is a *refusal or a *fault.
func decodePhone(body []byte, app domain.AppID) (domain.Phone, error) {
	var got phoneAnswer
	if err := decode(body, &got); err != nil {
		return domain.Phone{}, err
	}
	info := got.PhoneInfo
	if info.PurePhoneNumber == "" || info.Watermark == nil {
		return domain.Phone{}, implausible("answer without a telephone number and its watermark")
	}
	if info.Watermark.AppID != string(app) {
		return domain.Phone{}, &fault{what: "watermark", failure: domain.ErrWatermarkMismatch, health: unclear}
	}
	phone, err := newPhone(string(info.CountryCode), string(info.PurePhoneNumber))
	if err != nil {
		return domain.Phone{}, &fault{what: "answer with an unsound telephone number", failure: domain.ErrWeChatFailed, health: unclear}
	}
	return phone, nil
}
