package signin

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/menjin-id/menjin/application/update"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// Password signs a person in by username, or e-mail, and password.
type Password struct {
	finder   ports.UserFinder
	hasher   ports.PasswordHasher
	attempts ports.AttemptCounter
	limiter  ports.RateLimiter
	sessions ports.SessionLister
	users    *update.Users
	opener   *Opener
	now      ports.Clock
}

// NewPassword makes the use case.
func NewPassword(
	finder ports.UserFinder, hasher ports.PasswordHasher, attempts ports.AttemptCounter, limiter ports.RateLimiter,
	sessions ports.SessionLister, users *update.Users, opener *Opener, now ports.Clock,
) *Password {
	return &Password{finder, hasher, attempts, limiter, sessions, users, opener, now}
}

// PasswordInput is a wish to sign in by password.
type PasswordInput struct {
	Login    string // username or e-mail, normalised to NFKC
	Password domain.Secret
	Device   domain.Device
	IP       string
}

// Do signs the person in. It returns domain.ErrBadCredentials, after the same time, for a name nobody has and for a wrong
// password, domain.ErrTooManyAttempts with the time to wait for who has guessed too often, and domain.ErrAccountLocked to
// who knows the password of a locked account.
func (uc *Password) Do(ctx context.Context, in PasswordInput) (Result, error) {
	user, err := uc.find(ctx, in.Login)
	if err != nil {
		return Result{}, err
	}
	account := in.Login
	if user != nil {
		account = user.ID().String() // one count, whichever of their names is tried
	}
	pair := digest("sign-in", account, neighbourhood(in.IP))
	if err := uc.slowDown(ctx, pair, account, user, in); err != nil {
		return Result{}, err
	}
	var hash domain.PasswordHash
	if user != nil {
		hash = user.State().PasswordHash
	}
	match, stale, err := uc.hasher.Verify(ctx, in.Password, hash)
	if err != nil {
		return Result{}, fmt.Errorf("verify password: %w", err)
	}
	if !match {
		return Result{}, domain.ErrBadCredentials
	}
	if err := uc.attempts.Clear(ctx, pair); err != nil {
		return Result{}, fmt.Errorf("clear attempts: %w", err)
	}
	if err := user.CheckSignIn(); err != nil {
		return Result{}, err
	}
	if stale {
		if err := uc.rehash(ctx, user.ID(), hash, in.Password); err != nil {
			return Result{}, err
		}
	}
	return uc.opener.open(ctx, opening{
		method: domain.MethodPassword, user: user, device: in.Device, ip: in.IP,
		confirm: func(ctx context.Context, user *domain.User) error { return uc.confirm(ctx, user, hash, in.Password) },
	})
}

// confirm wants a password that was verified by a hash to be the one there is.
func (uc *Password) confirm(ctx context.Context, user *domain.User, verified domain.PasswordHash, password domain.Secret) error {
	hash := user.State().PasswordHash
	if hash.Equal(verified.Secret) {
		return nil
	}
	match, _, err := uc.hasher.Verify(ctx, password, hash) // it may be a new hash of the same one
	if err != nil {
		return fmt.Errorf("verify password again: %w", err)
	}
	if !match {
		return domain.ErrBadCredentials
	}
	return nil
}

// find returns nil for a name that nobody has, or could have.
func (uc *Password) find(ctx context.Context, login string) (user *domain.User, err error) {
	if strings.Contains(login, "@") {
		email, invalid := domain.NewEmail(login)
		if invalid != nil {
			return nil, nil
		}
		user, err = uc.finder.ByEmail(ctx, email)
	} else {
		name, invalid := domain.NewUsername(login)
		if invalid != nil {
			return nil, nil
		}
		user, err = uc.finder.ByUsername(ctx, name)
	}
	if errors.Is(err, domain.ErrUserNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("find user: %w", err)
	}
	return user, nil
}

// rehash keeps the password under a hash as slow as it should be today.
func (uc *Password) rehash(ctx context.Context, id domain.UserID, verified domain.PasswordHash, password domain.Secret) error {
	hash, err := uc.hasher.Hash(ctx, domain.Password{Secret: password}) // an old one need not pass the rules of today
	if err != nil {
		return fmt.Errorf("hash password anew: %w", err)
	}
	_, err = uc.users.One(ctx, id, nil, func(u *domain.User, _ update.Change) ([]domain.Event, error) {
		if u.State().PasswordHash.Equal(verified.Secret) { // else there is another password by now
			u.Rehash(hash)
		}
		return nil, nil
	})
	if err != nil {
		return fmt.Errorf("keep new hash: %w", err)
	}
	return nil
}
