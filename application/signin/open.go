package signin

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/menjin-id/menjin/application/session"
	"github.com/menjin-id/menjin/application/update"
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
	UserID           domain.UserID
	User             *domain.User
}

// Options are the lasting choices of whoever runs the service.
type Options struct {
	Limits      domain.SessionLimits
	MaxSessions int           // of one user
	AccessTTL   time.Duration // of an access token
	Announce    bool          // whether sign-ins of known users become events
}

// Opener opens sessions for people who have proven who they are.
type Opener struct {
	reader   ports.UserReader
	users    *update.Users
	sessions ports.SessionStore
	ender    *session.Ender
	access   ports.TokenIssuer
	refresh  ports.RefreshTokens
	now      ports.Clock
	newID    ports.NewID
	random   ports.Random
	options  Options
	log      *slog.Logger
}

// NewOpener makes an Opener of what it needs.
func NewOpener(
	reader ports.UserReader, users *update.Users, sessions ports.SessionStore, ender *session.Ender, access ports.TokenIssuer,
	refresh ports.RefreshTokens, now ports.Clock, newID ports.NewID, random ports.Random, options Options, log *slog.Logger,
) *Opener {
	return &Opener{reader, users, sessions, ender, access, refresh, now, newID, random, options, log}
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
	confirm    func(user *domain.User) error // looks at the user as it is once the session is there; nil: nothing to look for
}

// open is ErrAccountLocked for a user who may not sign in.
func (o *Opener) open(ctx context.Context, opening opening) (Result, error) {
	user := opening.user
	if err := user.CheckSignIn(); err != nil {
		return Result{}, err
	}
	now := o.now()
	id := domain.SessionID{ID: o.newID()}
	refresh, err := o.refresh.Mint(user.ID(), id, o.random())
	if err != nil {
		return Result{}, fmt.Errorf("make refresh token: %w", err)
	}
	opened := domain.OpenSession(domain.SessionOpening{
		ID: id, UserID: user.ID(), AppID: opening.app, Device: opening.device, IP: opening.ip,
		SessionKey: opening.sessionKey, Roles: user.Roles(), Refresh: refresh,
	}, o.options.Limits, now)

	token, err := o.access.Issue(domain.Claims{
		TokenID: o.newID(), UserID: user.ID(), SessionID: id, Roles: user.Roles(),
		IssuedAt: now, ExpiresAt: now.Add(o.options.AccessTTL),
	})
	if err != nil {
		return Result{}, fmt.Errorf("issue access token: %w", err)
	}
	gaveWay, err := o.sessions.Open(ctx, opened, o.options.MaxSessions)
	if err != nil {
		return Result{}, fmt.Errorf("open session: %w", err)
	}
	o.tellGaveWay(ctx, user.ID(), gaveWay)
	if !opening.isNew {
		if err := o.lookAgain(ctx, opening, id); err != nil {
			return Result{}, err
		}
	}
	// After the session and not before: an event without its session would be untrue, while a session whose event was
	// refused is one that nobody has the token of.
	if o.options.Announce && !opening.isNew {
		_, err := o.users.One(ctx, user.ID(), nil, func(u *domain.User, c update.Change) ([]domain.Event, error) {
			return []domain.Event{u.SignIn(opened, opening.method, c.Stamp())}, nil
		})
		if err != nil {
			return Result{}, fmt.Errorf("announce sign-in: %w", err)
		}
	}
	return Result{
		Token: token, ExpiresIn: o.options.AccessTTL,
		RefreshToken: refresh, RefreshExpiresIn: opened.State().RefreshUntil.Sub(now),
		SessionID: id, IsNewUser: opening.isNew, UserID: user.ID(), User: user,
	}, nil
}

// lookAgain reads the user once the session is there. Who locked, demoted or removed the user since it was read before has
// dealt only with the sessions that were there then.
func (o *Opener) lookAgain(ctx context.Context, opening opening, id domain.SessionID) error {
	user, err := o.reader.ByID(ctx, opening.user.ID())
	var failure error
	switch {
	case errors.Is(err, domain.ErrUserNotFound):
		failure = domain.ErrSessionEnded // merged into another account, which a new try finds
	case err != nil:
		return fmt.Errorf("load user again: %w", err)
	default:
		failure = user.CheckSignIn()
	}
	if failure == nil && opening.confirm != nil {
		failure = opening.confirm(user)
	}
	if failure != nil {
		if err := o.sessions.End(ctx, opening.user.ID(), id); err != nil {
			return fmt.Errorf("end session opened too late: %w", err)
		}
		return failure
	}
	if roles := user.Roles(); !slices.Equal(roles, opening.user.Roles()) {
		if err := o.sessions.SetRoles(ctx, user.ID(), roles); err != nil {
			return fmt.Errorf("bring roles to sessions: %w", err)
		}
	}
	return nil
}

// tellGaveWay announces sessions that made room. They are gone already, so a failure keeps nobody from signing in.
func (o *Opener) tellGaveWay(ctx context.Context, user domain.UserID, ids []domain.SessionID) {
	for _, id := range ids {
		if err := o.ender.One(ctx, user, id, domain.EndedByLimit, nil); err != nil {
			o.log.WarnContext(ctx, "session that gave way could not be announced", "session_id", id.String(), "error", err)
		}
	}
}
