package signin

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
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
	confirm    func(ctx context.Context, user *domain.User) error // looks at a user who has changed meanwhile; nil: at nothing
}

// tries is how often a session is opened. Each one refused means that its user has changed once more.
const tries = 3

// open is ErrAccountLocked for a user who may not sign in, also when that came to be since they were read.
func (o *Opener) open(ctx context.Context, opening opening) (Result, error) {
	for try := 1; ; try++ {
		result, err := o.openOnce(ctx, &opening)
		if !errors.Is(err, ports.ErrOutdated) {
			return result, err
		}
		if try == tries {
			return Result{}, fmt.Errorf("%w: %w", domain.ErrUnavailable, err)
		}
		if err := o.lookAgain(ctx, &opening); err != nil {
			return Result{}, err
		}
	}
}

// openOnce is ports.ErrOutdated when the user has changed since they were read.
func (o *Opener) openOnce(ctx context.Context, opening *opening) (Result, error) {
	if err := opening.user.CheckSignIn(); err != nil {
		return Result{}, err
	}
	if opening.user.DeletionDue(o.now()) {
		return Result{}, errDue
	}
	user, now, id := opening.user.State(), o.now(), domain.SessionID{ID: o.newID()}
	refresh, err := o.refresh.Mint(user.ID, id, o.random())
	if err != nil {
		return Result{}, fmt.Errorf("make refresh token: %w", err)
	}
	opened := domain.OpenSession(domain.SessionOpening{
		ID: id, UserID: user.ID, UserVersion: user.Version, AppID: opening.app, Device: opening.device, IP: opening.ip,
		SessionKey: opening.sessionKey, Roles: user.Roles, Refresh: refresh,
	}, o.options.Limits, now)
	token, err := o.access.Issue(domain.Claims{
		TokenID: o.newID(), UserID: user.ID, SessionID: id, Roles: user.Roles,
		UserVersion: user.Version, IssuedAt: now, ExpiresAt: now.Add(o.options.AccessTTL),
	})
	if err != nil {
		return Result{}, fmt.Errorf("issue access token: %w", err)
	}
	gaveWay, err := o.sessions.Open(ctx, opened, o.options.MaxSessions)
	if err != nil {
		return Result{}, fmt.Errorf("open session: %w", err)
	}
	o.tellGaveWay(ctx, user.ID, gaveWay)
	if err := o.keep(ctx, opening.user, id, opening.ip); err != nil {
		return Result{}, err
	}
	if err := o.announce(ctx, opening, opened); err != nil {
		return Result{}, err
	}
	return Result{
		Token: token, ExpiresIn: o.options.AccessTTL,
		RefreshToken: refresh, RefreshExpiresIn: opened.State().RefreshUntil.Sub(now),
		SessionID: id, IsNewUser: opening.isNew, UserID: user.ID, User: opening.user,
	}, nil
}

// announce comes after the session and not before: an event without its session would be untrue, while a session whose event was
// refused is one that nobody has the token of.
func (o *Opener) announce(ctx context.Context, opening *opening, opened *domain.Session) error {
	if !o.options.Announce || opening.isNew {
		return nil
	}
	_, err := o.users.One(ctx, opening.user.ID(), nil, func(u *domain.User, c update.Change) ([]domain.Event, error) {
		return []domain.Event{u.SignIn(opened, opening.method, c.Stamp())}, nil
	})
	if err != nil {
		return fmt.Errorf("announce sign-in: %w", err)
	}
	return nil
}

// lookAgain reads a user who was locked, demoted, given another password or merged since they were read before, or whose
// sessions were ended.
func (o *Opener) lookAgain(ctx context.Context, opening *opening) error {
	user, err := o.reader.ByID(ctx, opening.user.ID())
	if errors.Is(err, domain.ErrUserNotFound) {
		return domain.ErrSessionEnded // merged into another account, which a new try finds
	}
	if err != nil {
		return fmt.Errorf("load user again: %w", err)
	}
	if err := user.CheckSignIn(); err != nil {
		return err
	}
	opening.user = user
	if opening.confirm == nil {
		return nil
	}
	return opening.confirm(ctx, user)
}

// tellGaveWay announces sessions that made room. They are gone already, so a failure keeps nobody from signing in.
func (o *Opener) tellGaveWay(ctx context.Context, user domain.UserID, ids []domain.SessionID) {
	for _, id := range ids {
		if err := o.ender.One(ctx, user, id, domain.EndedByLimit, nil); err != nil {
			o.log.WarnContext(ctx, "session that gave way could not be announced", "session_id", id.String(), "error", err)
		}
	}
}
