package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

func (p *play) hello(ctx context.Context) (string, error) {
	var data struct {
		Message string `json:"message"`
	}
	if err := p.ok(ctx, http.MethodGet, "/api/hello", nil, &data); err != nil {
		return "", fmt.Errorf("no service at %s; start one in another terminal with: go run . (%w)", p.options.Service, err)
	}
	return data.Message, nil
}

func (p *play) wxLogin(ctx context.Context) (string, error) {
	return "a code for " + p.options.Person + ", good for one login", p.mint(ctx, "/_sandbox/codes")
}

// mint asks the look-alike for a code.
func (p *play) mint(ctx context.Context, path string) error {
	body, err := json.Marshal(map[string]string{"person": p.options.Person})
	if err != nil {
		return err
	}
	status, content, err := p.call(ctx, http.MethodPost, p.options.Sandbox+path, body)
	if err != nil {
		return fmt.Errorf("no WeChat look-alike at %s (%w)", p.options.Sandbox, err)
	}
	if status != http.StatusOK {
		return fmt.Errorf("the look-alike answered %d", status)
	}
	p.code = content
	return nil
}

func (p *play) login(ctx context.Context) (string, error) {
	var data struct {
		Token     string `json:"token"`
		ExpiresIn int    `json:"expires_in"`
		IsNewUser bool   `json:"is_new_user"`
		User      struct {
			ID string `json:"id"`
		} `json:"user"`
	}
	if err := p.ok(ctx, http.MethodPost, "/api/login", p.code, &data); err != nil {
		return "", err
	}
	p.token, p.userID = data.Token, data.User.ID
	return fmt.Sprintf("token for %d s, new user: %t", data.ExpiresIn, data.IsNewUser), nil
}

func (p *play) userInfo(ctx context.Context) (string, error) {
	var data struct {
		ID     string   `json:"id"`
		Roles  []string `json:"roles"`
		WeChat []struct {
			AppID string `json:"app_id"`
		} `json:"wechat"`
	}
	if err := p.ok(ctx, http.MethodGet, "/api/user/info", nil, &data); err != nil {
		return "", err
	}
	if data.ID != p.userID || len(data.WeChat) == 0 {
		return "", errors.New("the service shows somebody else than it signed in")
	}
	return fmt.Sprintf("%s, linked to %s", data.ID, data.WeChat[0].AppID), nil
}

func (p *play) logout(ctx context.Context) (string, error) {
	var data any
	return "session ended", p.ok(ctx, http.MethodPost, "/api/logout", nil, &data)
}

func (p *play) afterLogout(ctx context.Context) (string, error) {
	got, err := p.api(ctx, http.MethodGet, "/api/user/info", nil)
	if err != nil {
		return "", err
	}
	if got.Reason != "SESSION_ENDED" {
		return "", fmt.Errorf("a dead session was answered %d %s", got.Code, got.Reason)
	}
	return fmt.Sprintf("refused as it should be: %d %s %s", got.Code, got.Reason, got.Message), nil
}
