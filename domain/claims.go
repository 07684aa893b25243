package domain

import "time"

// Claims are what an access token says and its signature proves (RFC 7519).
type Claims struct {
	TokenID   ID
	UserID    UserID
	SessionID SessionID
	Roles     []Role
	IssuedAt  time.Time
	ExpiresAt time.Time
}

// Check reports ErrTokenExpired once now reaches the expiry.
func (c Claims) Check(now time.Time) error {
	if !now.Before(c.ExpiresAt) {
		return ErrTokenExpired
	}
	return nil
}
