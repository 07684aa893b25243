package admin

import (
	"context"
	"fmt"

	"github.com/menjin-id/menjin/application/update"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// Roles grants and takes roles.
type Roles struct {
	users    *update.Users
	sessions ports.SessionStore
}

// NewRoles makes the use case.
func NewRoles(users *update.Users, sessions ports.SessionStore) *Roles {
	return &Roles{users, sessions}
}

// Set gives a user just these roles, and RoleUser. Once it returned nil the next request of any of the user's sessions has
// them. Nobody changes their own: the last administrator could not be made again.
func (uc *Roles) Set(ctx context.Context, actor Actor, id domain.UserID, roles []domain.Role) (*domain.User, error) {
	if err := actor.may(domain.PermissionRolesGrant); err != nil {
		return nil, err
	}
	if !actor.Operator && actor.UserID == id {
		return nil, domain.ErrPermissionDenied
	}
	var changed *domain.User
	note := actor.note(domain.AuditRoles, domain.JoinRoles(roles))
	version, err := uc.users.One(ctx, id, note, func(u *domain.User, c update.Change) ([]domain.Event, error) {
		changed = u
		return u.SetRoles(roles, c.Stamp()), nil
	})
	if err != nil {
		return nil, fmt.Errorf("set roles: %w", err)
	}
	if err := uc.sessions.SetRoles(ctx, id, version, changed.Roles()); err != nil {
		return nil, fmt.Errorf("bring roles to sessions: %w", err)
	}
	return changed, nil
}
