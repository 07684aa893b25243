package domain

import "time"

// Claims are what an access token says and its signature proves (RFC 7519).
type Claims struct {
	TokenID   ID
	UserID    UserID
	SessionID SessionID
	Roles     []Role
	// UserVersion is the user's version that the session was opened on: who follows the events knows by it, and by no clock,
	// whether the end of all sessions meant this one. It is 0 in tokens that do not say.
	UserVersion int64
	IssuedAt    time.Time
	ExpiresAt   time.Time
}

// Check reports ErrTokenExpired once now reaches the expiry.
func (c Claims) Check(now time.Time) error {
	if !now.Before(c.ExpiresAt) {
		return ErrTokenExpired
	}
	return nil
}
