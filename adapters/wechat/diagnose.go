package wechat

import (
	"context"
	"fmt"

	"github.com/menjin-id/menjin/domain"
)

// Diagnose asks WeChat for the access_token in force, in normal mode, which takes it from nobody and spends no code. The error
// says in words for the operator what WeChat has against the mini-program's id, its secret or this machine.
func (c *Client) Diagnose(ctx context.Context, app domain.AppID) error {
	program, err := c.program(app)
	if err != nil {
		return err
	}
	if _, err := c.askToken(ctx, program); err != nil {
		return fmt.Errorf("ask WeChat for an access_token: %w", judge(ctx, err))
	}
	return nil
}
