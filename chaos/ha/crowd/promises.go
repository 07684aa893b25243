package crowd

import (
	"context"
	"fmt"
	"net/http"

	"github.com/menjin-id/menjin/chaos/stage"
)

// Kept asks a replica, past nginx, about every session that was signed out of. It returns how many there are, and how many are
// answered all the same, by their token or by their refresh token.
func (c *Crowd) Kept(ctx context.Context, replica string) (ended, broken int, err error) {
	for _, ending := range c.ended {
		checked, err := c.answerOf(ctx, http.MethodGet, replica+"/api/auth/check", ending.token, nil)
		if err != nil {
			return 0, 0, fmt.Errorf("ask about an ended session: %w", err)
		}
		refreshed, err := c.answerOf(ctx, http.MethodPost, replica+"/api/token/refresh", "", map[string]string{"refresh_token": ending.refresh})
		if err != nil {
			return 0, 0, fmt.Errorf("ask about an ended session: %w", err)
		}
		if checked != http.StatusUnauthorized || refreshed != http.StatusUnauthorized {
			broken++
		}
	}
	return len(c.ended), broken, nil
}

// answerOf asks until there is an answer: a replica whose Redis is slow for a moment says that it cannot know.
func (c *Crowd) answerOf(ctx context.Context, method, url, token string, body any) (status int, err error) {
	err = stage.Until(ctx, "a replica knows", func() error {
		a, err := call(ctx, c.client, method, url, token, body)
		if status = a.status; err == nil && (status >= http.StatusInternalServerError || status == http.StatusTooManyRequests) {
			err = fmt.Errorf("got %d %s", status, a.Reason)
		}
		return err
	})
	return status, err
}
