package wechat

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"

	"github.com/menjin-id/menjin/domain"
)

// CheckSessionKey asks WeChat whether the key is the one it has, as ports.WeChatSessionKeys says. Failures are those of
// ExchangePhoneCode besides.
func (c *Client) CheckSessionKey(ctx context.Context, app domain.AppID, openID domain.OpenID, key domain.SessionKey) error {
	if err := c.proveSessionKey(ctx, checkSessionAPI, app, openID, key); err != nil {
		return fmt.Errorf("check WeChat session_key: %w", err)
	}
	return nil
}

// ResetSessionKey makes WeChat replace the key, as ports.WeChatSessionKeys says. What takes its place is not kept: the next
// wx.login tells it. Failures are those of ExchangePhoneCode besides.
func (c *Client) ResetSessionKey(ctx context.Context, app domain.AppID, openID domain.OpenID, key domain.SessionKey) error {
	if err := c.proveSessionKey(ctx, resetSessionAPI, app, openID, key); err != nil {
		return fmt.Errorf("reset WeChat session_key: %w", err)
	}
	return nil
}

func (c *Client) proveSessionKey(ctx context.Context, door *api, app domain.AppID, openID domain.OpenID, key domain.SessionKey) error {
	program, err := c.program(app)
	if err != nil {
		return err
	}
	if _, err := domain.NewOpenID(openID.Reveal()); err != nil {
		return err
	}
	if !isSessionKey(key.Reveal()) {
		return domain.ErrSessionKeyStale
	}
	proof := "&openid=" + url.QueryEscape(openID.Reveal()) + "&signature=" + signSession(key, "") + "&sig_method=hmac_sha256"
	_, err = use(ctx, c, program, tokenUse[struct{}]{
		door: door, breaker: program.sessionKeys,
		ask: func(ctx context.Context, token domain.Secret) (struct{}, error) {
			answer, err := c.send(ctx, get(door.at(c.base), tokenQuery(token)+proof))
			if err != nil {
				return struct{}{}, err
			}
			return struct{}{}, decodeConsent(answer)
		},
	})
	return err
}

// signSession is the signature of whoever has a session_key. WeChat signs with the key's text and not with its bytes.
func signSession(key domain.SessionKey, message string) string {
	mac := hmac.New(sha256.New, []byte(key.Reveal()))
	_, _ = mac.Write([]byte(message))
	return hex.EncodeToString(mac.Sum(nil))
}

// decodeConsent wants WeChat to say errcode 0: there is nothing else in the answer by which to tell a success.
func decodeConsent(body []byte) error {
	var got status
	if err := decode(body, &got); err != nil {
		return err
	}
	if got.Errcode == "" {
		return implausible("answer without an errcode")
	}
	return nil
}
