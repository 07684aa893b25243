package session

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// Refresh opens a session again and replaces its tokens.
type Refresh struct {
	tokens   ports.RefreshTokens
	sessions ports.SessionRefresher
	store    ports.SessionStore
	users    ports.UserReader
	access   ports.TokenIssuer
	ender    *Ender
	now      ports.Clock
	newID    ports.NewID
	ttl      time.Duration
}

// NewRefresh makes the use case. Access tokens live for ttl.
func NewRefresh(
	tokens ports.RefreshTokens, sessions ports.SessionRefresher, store ports.SessionStore, users ports.UserReader,
	access ports.TokenIssuer, ender *Ender, now ports.Clock, newID ports.NewID, ttl AccessTTL,
) *Refresh {
	return &Refresh{tokens, sessions, store, users, access, ender, now, newID, time.Duration(ttl)}
}

// AccessTTL is how long an access token lives.
type AccessTTL time.Duration

// Refreshed is what a refresh gives.
type Refreshed struct {
	Token            domain.Secret
	ExpiresIn        time.Duration
	RefreshToken     domain.RefreshToken
	RefreshExpiresIn time.Duration
	SessionID        domain.SessionID
}

// Do replaces a refresh token. The one replaced just before is answered with the same successor; an older one ends the session
// and is domain.ErrRefreshTokenReused. It returns ErrRefreshTokenInvalid for what is no token of a session that is kept, and
// ErrAccountLocked when its user is locked.
func (uc *Refresh) Do(ctx context.Context, text domain.Secret) (Refreshed, error) {
	presented, err := uc.tokens.Parse(text)
	if err != nil {
		return Refreshed{}, fmt.Errorf("read refresh token: %w", err)
	}
	next, err := uc.tokens.Successor(presented)
	if err != nil {
		return Refreshed{}, fmt.Errorf("make refresh token: %w", err)
	}
	// Before the rotation: whoever may not sign in keeps the token they have.
	user, err := uc.users.ByID(ctx, presented.UserID)
	if errors.Is(err, domain.ErrUserNotFound) {
		return Refreshed{}, domain.ErrRefreshTokenInvalid
	}
	if err != nil {
		return Refreshed{}, fmt.Errorf("load user: %w", err)
	}
	if err := user.CheckSignIn(); err != nil {
		return Refreshed{}, err
	}
	now := uc.now()
	session, err := uc.sessions.Refresh(ctx, presented.UserID, presented.SessionID, presented.Hash(), next.Hash(), now)
	if errors.Is(err, domain.ErrRefreshTokenReused) {
		if ended := uc.ender.One(ctx, presented.UserID, presented.SessionID, domain.EndedByReuse, nil); ended != nil {
			return Refreshed{}, ended
		}
	}
	if err != nil {
		return Refreshed{}, fmt.Errorf("rotate refresh token: %w", err)
	}
	// Who changed the roles may have died before it told the sessions.
	if kept := user.State(); !slices.Equal(session.State().Roles, kept.Roles) {
		if err := uc.store.SetRoles(ctx, kept.ID, kept.Version, kept.Roles); err != nil {
			return Refreshed{}, fmt.Errorf("bring roles to sessions: %w", err)
		}
	}
	token, err := uc.access.Issue(domain.Claims{
		TokenID: uc.newID(), UserID: user.ID(), SessionID: presented.SessionID, Roles: user.Roles(),
		UserVersion: session.State().UserVersion, IssuedAt: now, ExpiresAt: now.Add(uc.ttl),
	})
	if err != nil {
		return Refreshed{}, fmt.Errorf("issue access token: %w", err)
	}
	return Refreshed{
		Token: token, ExpiresIn: uc.ttl, RefreshToken: next, SessionID: presented.SessionID,
		RefreshExpiresIn: session.State().RefreshUntil.Sub(now),
	}, nil
}
