package wechatsandbox

import (
	"context"
	"errors"
	"fmt"
)

func (s *Server) controlMintPhone(_ context.Context, body []byte) (any, error) {
	var in struct {
		Phone

		AppID  string `json:"app_id"`
		Person string `json:"person"`
	}
	if err := decode(body, &in); err != nil {
		return nil, err
	}
	appID, person := s.orDefault(in.AppID, in.Person)
	code, err := s.MintPhoneCode(appID, person, in.Phone)
	if err != nil {
		return nil, err
	}
	return struct {
		Code      string `json:"code"`
		ExpiresIn int    `json:"expires_in"`
		AppID     string `json:"app_id"`
		Person    string `json:"person"`
		OpenID    string `json:"openid"`
	}{code, int(s.opts.CodeTTL.Seconds()), appID, person, s.OpenID(appID, person)}, nil
}

func (s *Server) controlEncrypt(_ context.Context, body []byte) (any, error) {
	var in DataOrder
	if err := decode(body, &in); err != nil {
		return nil, err
	}
	return s.EncryptedData(in)
}

// pushForm is a Push whose age is written like "3s".
type pushForm struct {
	Push

	Age string `json:"age"`
}

func (s *Server) controlPush(ctx context.Context, body []byte) (any, error) {
	var in pushForm
	if err := decode(body, &in); err != nil {
		return nil, err
	}
	if in.Age != "" {
		age, err := parseDuration(in.Age)
		if err != nil {
			return nil, fmt.Errorf("age %w", err)
		}
		in.Push.Age = age
	}
	return s.Push(ctx, in.Push)
}

func (s *Server) controlTokens(_ context.Context, body []byte) (any, error) {
	var in struct {
		AppID  string `json:"app_id"`
		Action string `json:"action"`
	}
	if err := decode(body, &in); err != nil {
		return nil, err
	}
	end := map[string]func(string) error{"kill": s.KillToken, "expire": s.ExpireToken}[in.Action]
	if end == nil {
		return nil, errors.New(`action must be "kill" (40001 at the next use) or "expire" (42001)`)
	}
	in.AppID, _ = s.orDefault(in.AppID, "")
	return in, end(in.AppID)
}

func (s *Server) controlApps(_ context.Context, body []byte) (any, error) {
	var in struct {
		AppRule

		AppID string `json:"app_id"`
	}
	if err := decode(body, &in); err != nil {
		return nil, err
	}
	in.AppID, _ = s.orDefault(in.AppID, "")
	return in, s.SetAppRule(in.AppID, in.AppRule)
}

func (s *Server) controlQuotas(context.Context, []byte) (any, error) {
	return map[string]any{"quotas": s.Quotas()}, nil
}

func (s *Server) controlSetQuota(ctx context.Context, body []byte) (any, error) {
	var in struct {
		Quota

		API string `json:"api"`
	}
	if err := decode(body, &in); err != nil {
		return nil, err
	}
	if err := s.SetQuota(in.API, in.Quota); err != nil {
		return nil, err
	}
	return s.controlQuotas(ctx, nil)
}
