package admin

import (
	"context"
	"fmt"

	"github.com/menjin-id/menjin/application/session"
	"github.com/menjin-id/menjin/application/update"
	"github.com/menjin-id/menjin/domain"
)

// Lock keeps users from signing in, and lets them again.
type Lock struct {
	users *update.Users
	ender *session.Ender
}

// NewLock makes the use case.
func NewLock(users *update.Users, ender *session.Ender) *Lock { return &Lock{users, ender} }

// Lock locks a user and ends their sessions. The reason is for the audit log; it must not be empty.
func (uc *Lock) Lock(ctx context.Context, actor Actor, id domain.UserID, reason string) (*domain.User, error) {
	if err := actor.may(domain.PermissionUsersLock); err != nil {
		return nil, err
	}
	if err := checkReason(reason); err != nil {
		return nil, err
	}
	user, version, err := uc.change(ctx, actor, id, actor.note(domain.AuditLock, reason),
		func(u *domain.User, c update.Change) []domain.Event {
			return append(u.Lock(c.Stamp()), u.EndAllSessions(domain.SessionID{}, domain.EndedByLock, c.Stamp()))
		})
	if err != nil {
		return nil, fmt.Errorf("lock user: %w", err)
	}
	return user, uc.ender.CarryOut(ctx, id, version, domain.SessionID{})
}

// Unlock lets a user sign in again.
func (uc *Lock) Unlock(ctx context.Context, actor Actor, id domain.UserID) (*domain.User, error) {
	user, _, err := uc.change(ctx, actor, id, actor.note(domain.AuditUnlock, ""),
		func(u *domain.User, c update.Change) []domain.Event { return u.Unlock(c.Stamp()) })
	if err != nil {
		return nil, fmt.Errorf("unlock user: %w", err)
	}
	return user, nil
}

func (uc *Lock) change(
	ctx context.Context, actor Actor, id domain.UserID, note *update.Note, change func(*domain.User, update.Change) []domain.Event,
) (changed *domain.User, version int64, err error) {
	if err := actor.may(domain.PermissionUsersLock); err != nil {
		return nil, 0, err
	}
	if !actor.Operator && actor.UserID == id {
		return nil, 0, domain.ErrPermissionDenied // nobody could let them in again
	}
	version, err = uc.users.One(ctx, id, note, func(u *domain.User, c update.Change) ([]domain.Event, error) {
		if err := actor.mayTouch(u); err != nil {
			return nil, err
		}
		changed = u
		return change(u, c), nil
	})
	return changed, version, err
}
