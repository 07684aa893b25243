package account

import (
	"context"
	"fmt"

	"github.com/menjin-id/menjin/application/update"
	"github.com/menjin-id/menjin/domain"
)

// ChangeProfile changes nickname, avatar and e-mail.
type ChangeProfile struct{ users *update.Users }

// NewChangeProfile makes the use case.
func NewChangeProfile(users *update.Users) *ChangeProfile { return &ChangeProfile{users} }

// Do returns the user afterwards. It is domain.ErrEmailTaken when the address is somebody else's.
func (uc *ChangeProfile) Do(ctx context.Context, caller Caller, change domain.ProfileChange) (*domain.User, error) {
	var changed *domain.User
	_, err := uc.users.One(ctx, caller.UserID, nil, func(u *domain.User, c update.Change) ([]domain.Event, error) {
		changed = u
		return u.ChangeProfile(change, c.Stamp()), nil
	})
	if err != nil {
		return nil, fmt.Errorf("change profile: %w", err)
	}
	return changed, nil
}
