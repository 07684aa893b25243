package domain

import (
	"crypto/sha256"
	"time"
)

// SessionLimits says how long sessions last.
type SessionLimits struct {
	Idle    time.Duration // without a request; each request starts it anew
	Refresh time.Duration // without a refresh; the session can be opened again so long
	MaxAge  time.Duration // from sign-in, whatever happens
}

// Session is the stretch of time a person stays signed in on one device.
//
// It has two clocks. While it is live, requests slide IdleUntil forward. Once idle it answers no request, but its refresh
// token may open it again until RefreshUntil. Neither passes ExpiresAt.
type Session struct {
	state SessionState
}

// SessionState is everything a session store keeps of a session.
type SessionState struct {
	ID           SessionID
	UserID       UserID
	UserVersion  int64 // of the user as the sign-in read them; zero for a session from before this was kept
	AppID        AppID // the mini-program signed in to; empty for another way of signing in
	Device       Device
	IP           string
	SessionKey   SessionKey  // WeChat's, the newest known; a store keeps it encrypted
	Roles        []Role      // of the user, as they are now: a store is told when they change
	RefreshHash  RefreshHash // of the current refresh token
	ReplacedHash RefreshHash // of the one before
	RefreshedAt  time.Time   // when it was replaced; zero before the first time
	CreatedAt    time.Time
	LastSeenAt   time.Time
	IdleUntil    time.Time
	RefreshUntil time.Time
	ExpiresAt    time.Time
}

// SessionOpening is what a sign-in knows of the session it opens.
type SessionOpening struct {
	ID          SessionID
	UserID      UserID
	UserVersion int64
	AppID       AppID
	Device      Device
	IP          string
	SessionKey  SessionKey
	Roles       []Role
	Refresh     RefreshToken
}

// OpenSession starts a session now.
func OpenSession(opening SessionOpening, limits SessionLimits, now time.Time) *Session {
	expires := now.Add(limits.MaxAge)
	return &Session{SessionState{
		ID: opening.ID, UserID: opening.UserID, UserVersion: opening.UserVersion,
		AppID: opening.AppID, Device: opening.Device, IP: opening.IP, SessionKey: opening.SessionKey,
		Roles: opening.Roles, RefreshHash: opening.Refresh.Hash(),
		CreatedAt: now, LastSeenAt: now, ExpiresAt: expires,
		IdleUntil:    earlier(now.Add(limits.Idle), expires),
		RefreshUntil: earlier(now.Add(limits.Refresh), expires),
	}}
}

// RestoreSession rebuilds a session that a store kept.
func RestoreSession(state SessionState) *Session { return &Session{state} }

// State returns what a store keeps.
func (s *Session) State() SessionState { return s.state }

// Check reports ErrSessionEnded once now reaches the idle or the absolute limit.
func (s *Session) Check(now time.Time) error {
	if !now.Before(s.state.IdleUntil) || !now.Before(s.state.ExpiresAt) {
		return ErrSessionEnded
	}
	return nil
}

// Slide moves the idle limit to a full idle time from now, never past the absolute one. It reports ErrSessionEnded, and
// moves nothing, when the session has ended already.
func (s *Session) Slide(idle time.Duration, now time.Time) error {
	if err := s.Check(now); err != nil {
		return err
	}
	if now.After(s.state.LastSeenAt) { // requests may overtake each other
		s.state.LastSeenAt = now
		s.state.IdleUntil = earlier(now.Add(idle), s.state.ExpiresAt)
	}
	return nil
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// RefreshGrace is how long the refresh token that was just replaced is answered with the same successor: the answer may have
// been lost, or two tabs may have asked at once.
const RefreshGrace = 10 * time.Second

// Refresh replaces the refresh token presented by next and makes the session live again. The token that was current just
// before is answered in the same way for RefreshGrace, and replaces nothing. It reports ErrRefreshTokenInvalid past the
// refresh or the absolute limit, and ErrRefreshTokenReused for any older token: then somebody has a copy, and the session
// must be ended. Nothing is changed with an error.
func (s *Session) Refresh(presented, next RefreshHash, limits SessionLimits, now time.Time) error {
	state := &s.state
	switch {
	case !now.Before(state.RefreshUntil) || !now.Before(state.ExpiresAt):
		return ErrRefreshTokenInvalid
	case presented == state.RefreshHash:
		state.ReplacedHash, state.RefreshHash, state.RefreshedAt = presented, next, now
		state.RefreshUntil = earlier(now.Add(limits.Refresh), state.ExpiresAt)
	case presented == state.ReplacedHash && next == state.RefreshHash && now.Sub(state.RefreshedAt) <= RefreshGrace:
	default:
		return ErrRefreshTokenReused
	}
	if now.After(state.LastSeenAt) { // requests may overtake each other
		state.LastSeenAt = now
	}
	state.IdleUntil = earlier(now.Add(limits.Idle), state.ExpiresAt)
	return nil
}

// RefreshHash is the SHA-256 of a refresh token, all that is ever stored of one.
type RefreshHash [sha256.Size]byte

// RefreshToken opens a session again when its access token is dead. To its holder it is opaque; the service reads from it
// whose session it opens, and knows its own from a forged one.
type RefreshToken struct {
	Secret
	UserID    UserID
	SessionID SessionID
}

// Hash returns what a store may keep of the token.
func (t RefreshToken) Hash() RefreshHash { return sha256.Sum256([]byte(t.Reveal())) }
