package account

import (
	"context"
	"errors"
	"fmt"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// Show shows callers what is known of them.
type Show struct{ users ports.UserReader }

// NewShow makes the use case.
func NewShow(users ports.UserReader) *Show { return &Show{users} }

// Do returns the user. A caller whose account is gone is told domain.ErrSessionEnded, as anybody without a session.
func (uc *Show) Do(ctx context.Context, id domain.UserID) (*domain.User, error) {
	user, err := uc.users.ByID(ctx, id)
	if errors.Is(err, domain.ErrUserNotFound) {
		return nil, domain.ErrSessionEnded
	}
	if err != nil {
		return nil, fmt.Errorf("load user: %w", err)
	}
	return user, nil
}
