package admin

import (
	"context"

	"github.com/menjin-id/menjin/application/signin"
	"github.com/menjin-id/menjin/domain"
)

// Create makes accounts with a password for somebody else. The operator makes the first administrator by it.
type Create struct{ creator *signin.Creator }

// NewCreate makes the use case.
func NewCreate(creator *signin.Creator) *Create { return &Create{creator} }

// Do returns the new user. Its errors are those of signin.Creator.
func (uc *Create) Do(ctx context.Context, actor Actor, in signin.Account) (*domain.User, error) {
	if err := actor.may(domain.PermissionRolesGrant); err != nil {
		return nil, err
	}
	return uc.creator.Create(ctx, in, actor.note(domain.AuditCreate, ""))
}
