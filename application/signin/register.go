package signin

import (
	"context"
	"errors"
	"fmt"

	"github.com/menjin-id/menjin/application/update"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// Register makes an account with username and password, and signs its owner in.
type Register struct {
	creator *Creator
	opener  *Opener
}

// NewRegister makes the use case.
func NewRegister(creator *Creator, opener *Opener) *Register { return &Register{creator, opener} }

// RegisterInput is a wish to register.
type RegisterInput struct {
	Account
	Device domain.Device
	IP     string
}

// Account is what an account with a password is made of.
type Account struct {
	Username domain.Username
	Password domain.Password
	Email    domain.Email // zero: none
}

// Do registers the person. It is domain.ErrUsernameTaken or ErrEmailTaken when somebody else has the name or the address.
func (uc *Register) Do(ctx context.Context, in RegisterInput) (Result, error) {
	user, err := uc.creator.Create(ctx, in.Account, nil)
	if err != nil {
		return Result{}, err
	}
	return uc.opener.open(ctx, opening{
		method: domain.MethodPassword, user: user, isNew: true, device: in.Device, ip: in.IP,
	})
}

// Creator makes accounts with a password.
type Creator struct {
	finder ports.UserFinder
	hasher ports.PasswordHasher
	tx     ports.Transactor
	users  *update.Users
	newID  ports.NewID
}

// NewCreator makes a Creator of what it needs.
func NewCreator(
	finder ports.UserFinder, hasher ports.PasswordHasher, tx ports.Transactor, users *update.Users, newID ports.NewID,
) *Creator {
	return &Creator{finder, hasher, tx, users, newID}
}

// Create makes the account, and notes it where a note is given.
func (c *Creator) Create(ctx context.Context, account Account, note *update.Note) (*domain.User, error) {
	// A look before spares the slow hash; the database decides.
	switch _, err := c.finder.ByUsername(ctx, account.Username); {
	case err == nil:
		return nil, domain.ErrUsernameTaken
	case !errors.Is(err, domain.ErrUserNotFound):
		return nil, fmt.Errorf("find user: %w", err)
	}
	hash, err := c.hasher.Hash(ctx, account.Password)
	if err != nil {
		return nil, fmt.Errorf("hash password: %w", err)
	}
	change := c.users.Begin()
	user, registered := domain.RegisterWithPassword(
		domain.UserID{ID: c.newID()}, account.Username, account.Email, hash, change.Stamp())
	err = c.tx.InTx(ctx, func(ctx context.Context, tx ports.Tx) error {
		if err := tx.Users().Add(ctx, user); err != nil {
			return fmt.Errorf("add user: %w", err)
		}
		return change.Finish(ctx, tx, user.ID(), note, []domain.Event{registered})
	})
	if err != nil {
		return nil, fmt.Errorf("register user: %w", err)
	}
	return user, nil
}
