package admin

import (
	"context"
	"fmt"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// Users shows users.
type Users struct {
	reader  ports.UserReader
	browser ports.UserBrowser
}

// NewUsers makes the use case.
func NewUsers(reader ports.UserReader, browser ports.UserBrowser) *Users {
	return &Users{reader, browser}
}

// Show returns one user, or domain.ErrUserNotFound.
func (uc *Users) Show(ctx context.Context, actor Actor, id domain.UserID) (*domain.User, error) {
	if err := actor.may(domain.PermissionUsersRead); err != nil {
		return nil, err
	}
	user, err := uc.reader.ByID(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("load user: %w", err)
	}
	return user, nil
}

// Browse returns a page of users.
func (uc *Users) Browse(
	ctx context.Context, actor Actor, filter ports.UserFilter, after domain.UserID, limit int,
) ([]*domain.User, error) {
	if err := actor.may(domain.PermissionUsersRead); err != nil {
		return nil, err
	}
	users, err := uc.browser.Browse(ctx, filter, after, limit)
	if err != nil {
		return nil, fmt.Errorf("browse users: %w", err)
	}
	return users, nil
}
