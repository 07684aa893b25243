package signin

import (
	"context"
	"fmt"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// Result is what a person gets who signed in.
type Result struct {
	Token            domain.Secret
	ExpiresIn        time.Duration
	RefreshToken     domain.RefreshToken
	RefreshExpiresIn time.Duration
	SessionID        domain.SessionID
	IsNewUser        bool
	User             *domain.User
}

// Options are the lasting choices of whoever runs the service.
type Options struct {
	Limits    domain.SessionLimits
	AccessTTL time.Duration // of an access token
	Announce  bool          // whether sign-ins of known users become events
}

// Opener opens sessions for people who have proven who they are.
type Opener struct {
	tx       ports.Transactor
	sessions ports.SessionStore
	tokens   ports.TokenIssuer
	now      ports.Clock
	newID    ports.NewID
	random   ports.Random
	options  Options
}

// NewOpener makes an Opener of what it needs.
func NewOpener(
	tx ports.Transactor, sessions ports.SessionStore, tokens ports.TokenIssuer,
	now ports.Clock, newID ports.NewID, random ports.Random, options Options,
) *Opener {
	return &Opener{tx, sessions, tokens, now, newID, random, options}
}

// opening is what a way to sign in knows of the session to open.
type opening struct {
	method     domain.SignInMethod
	user       *domain.User
	isNew      bool
	app        domain.AppID
	device     domain.Device
	ip         string
	sessionKey domain.SessionKey
}

// open is ErrAccountLocked for a user who may not sign in.
func (o *Opener) open(ctx context.Context, opening opening) (Result, error) {
	if err := opening.user.CheckSignIn(); err != nil {
		return Result{}, err
	}
	now := o.now()
	id := domain.SessionID{ID: o.newID()}
	refresh := domain.NewRefreshToken(opening.user.ID(), id, o.random())
	session := domain.OpenSession(domain.SessionOpening{
		ID: id, UserID: opening.user.ID(), AppID: opening.app, Device: opening.device, IP: opening.ip,
		SessionKey: opening.sessionKey, Refresh: refresh,
	}, o.options.Limits, now)

	token, err := o.tokens.Issue(domain.Claims{
		TokenID: o.newID(), UserID: opening.user.ID(), SessionID: id, Roles: opening.user.Roles(),
		IssuedAt: now, ExpiresAt: now.Add(o.options.AccessTTL),
	})
	if err != nil {
		return Result{}, fmt.Errorf("issue access token: %w", err)
	}
	if err := o.sessions.Open(ctx, session); err != nil {
		return Result{}, fmt.Errorf("open session: %w", err)
	}
	// After the session and not before: an event without its session would be untrue, while a session whose event was
	// refused is one that nobody has the token of.
	if o.options.Announce && !opening.isNew {
		if err := o.announce(ctx, opening, session); err != nil {
			return Result{}, fmt.Errorf("announce sign-in: %w", err)
		}
	}
	return Result{
		Token: token, ExpiresIn: o.options.AccessTTL,
		RefreshToken: refresh, RefreshExpiresIn: session.State().RefreshUntil.Sub(now),
		SessionID: id, IsNewUser: opening.isNew, User: opening.user,
	}, nil
}

func (o *Opener) announce(ctx context.Context, opening opening, session *domain.Session) error {
	stamp := domain.Stamp{ID: domain.EventID{ID: o.newID()}, At: o.now()}
	return o.tx.InTx(ctx, func(ctx context.Context, tx ports.Tx) error {
		user, err := tx.Users().ForUpdate(ctx, opening.user.ID())
		if err != nil {
			return fmt.Errorf("load user: %w", err)
		}
		event := user.SignIn(session, opening.method, stamp)
		if err := tx.Users().Save(ctx, user); err != nil {
			return fmt.Errorf("save user: %w", err)
		}
		return tx.Outbox().Append(ctx, event)
	})
}
