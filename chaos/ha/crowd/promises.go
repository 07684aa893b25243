package crowd

import (
	"context"
	"fmt"
	"net/http"
)

// Kept asks a replica, past nginx, about every session that was signed out of. It returns how many there are, and how many are
// answered all the same, by their token or by their refresh token.
func (c *Crowd) Kept(ctx context.Context, replica string) (ended, broken int, err error) {
	for _, ending := range c.ended {
		a, err := call(ctx, c.client, http.MethodGet, replica+"/api/auth/check", ending.token, nil)
		if err != nil {
			return 0, 0, fmt.Errorf("ask about an ended session: %w", err)
		}
		b, err := call(ctx, c.client, http.MethodPost, replica+"/api/token/refresh", "", map[string]string{"refresh_token": ending.refresh})
		if err != nil {
			return 0, 0, fmt.Errorf("ask about an ended session: %w", err)
		}
		if a.status != http.StatusUnauthorized || b.status != http.StatusUnauthorized {
			broken++
		}
	}
	return len(c.ended), broken, nil
}
