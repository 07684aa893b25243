package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

func (p *play) phoneButton(ctx context.Context) (string, error) {
	return "a code for the number, good for one call", p.mint(ctx, "/_sandbox/phone_codes")
}

func (p *play) phone(ctx context.Context) (string, error) {
	var minted, user struct {
		Code  string `json:"code"`
		Phone string `json:"phone"`
	}
	err := json.Unmarshal(p.code, &minted)
	if err != nil {
		return "", errors.New("the look-alike's answer is not JSON")
	}
	body, err := json.Marshal(map[string]string{"code": minted.Code})
	if err != nil {
		return "", err
	}
	if err := p.ok(ctx, http.MethodPost, "/api/user/phone", body, &user); err != nil {
		return "", err
	}
	return "bound, shown as " + user.Phone, nil
}

func (p *play) export(ctx context.Context) (string, error) {
	var kept struct {
		Sessions []json.RawMessage `json:"sessions"`
		Audit    []json.RawMessage `json:"audit"`
		Events   []json.RawMessage `json:"events"`
	}
	var all json.RawMessage
	if err := p.ok(ctx, http.MethodGet, "/api/user/export", nil, &all); err != nil {
		return "", err
	}
	if err := json.Unmarshal(all, &kept); err != nil {
		return "", errors.New("what is exported is not as it should be")
	}
	return fmt.Sprintf("%d bytes: the user, %d sessions, %d audit entries, %d events",
		len(all), len(kept.Sessions), len(kept.Audit), len(kept.Events)), nil
}

func (p *play) deletion(ctx context.Context) (string, error) {
	var data any
	if err := p.ok(ctx, http.MethodDelete, "/api/user", nil, &data); err != nil {
		return "", err
	}
	return p.afterLogout(ctx)
}

// tombstone is the last event of the user, and the only one that the stream keeps. Where there is a cooling-off it is not there yet.
func (p *play) tombstone(ctx context.Context) (string, error) {
	limited, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	found, err := p.await(limited, ".deleted.")
	if err != nil && limited.Err() != nil && ctx.Err() == nil {
		return "not yet: is there a cooling-off (deletion.cooling_off)?", nil
	}
	return found, err
}
