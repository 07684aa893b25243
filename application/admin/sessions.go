package admin

import (
	"context"

	"github.com/menjin-id/menjin/application/session"
	"github.com/menjin-id/menjin/domain"
)

// Sessions shows and ends a user's sessions.
type Sessions struct {
	users *Users
	list  *session.List
	ender *session.Ender
}

// NewSessions makes the use case.
func NewSessions(users *Users, list *session.List, ender *session.Ender) *Sessions {
	return &Sessions{users, list, ender}
}

// List returns a user's sessions that are kept, or domain.ErrUserNotFound.
func (uc *Sessions) List(ctx context.Context, actor Actor, id domain.UserID) ([]*domain.Session, error) {
	if _, err := uc.users.Show(ctx, actor, id); err != nil {
		return nil, err
	}
	return uc.list.Do(ctx, id)
}

// End ends all of a user's sessions.
func (uc *Sessions) End(ctx context.Context, actor Actor, id domain.UserID) error {
	if err := actor.may(domain.PermissionSessionsEnd); err != nil {
		return err
	}
	user, err := uc.users.Show(ctx, actor, id)
	if err != nil {
		return err
	}
	if err := actor.mayTouch(user); err != nil {
		return err
	}
	return uc.ender.All(ctx, id, domain.SessionID{}, domain.EndedByAdmin, actor.note(domain.AuditSessionsEnd, ""))
}
