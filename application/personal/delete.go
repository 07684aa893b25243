package personal

import (
	"context"
	"fmt"
	"time"

	"github.com/menjin-id/menjin/application/account"
	"github.com/menjin-id/menjin/application/session"
	"github.com/menjin-id/menjin/application/update"
	"github.com/menjin-id/menjin/domain"
)

// CoolingOff is how long people can change their mind about being deleted, by signing in.
type CoolingOff time.Duration

// Delete lets callers be deleted.
type Delete struct {
	users      *update.Users
	ender      *session.Ender
	eraser     *Eraser
	coolingOff time.Duration
}

// NewDelete makes the use case. Without a cooling-off the deletion is at once.
func NewDelete(users *update.Users, ender *session.Ender, eraser *Eraser, coolingOff CoolingOff) *Delete {
	return &Delete{users, ender, eraser, time.Duration(coolingOff)}
}

// Do ends every session of the caller and erases them, now or once the cooling-off is over.
func (uc *Delete) Do(ctx context.Context, caller account.Caller) error {
	if uc.coolingOff <= 0 {
		return uc.eraser.Erase(ctx, caller.UserID, noteOf(caller, domain.AuditDelete, ""))
	}
	keys := uc.eraser.keys.find(ctx, caller.UserID)
	note := noteOf(caller, domain.AuditDeletionWish, "")
	version, err := uc.users.One(ctx, caller.UserID, note, func(u *domain.User, c update.Change) ([]domain.Event, error) {
		return []domain.Event{u.RequestDeletion(c.At.Add(uc.coolingOff), c.Stamp())}, nil
	})
	if err != nil {
		return fmt.Errorf("request deletion: %w", err)
	}
	err = uc.ender.CarryOut(ctx, caller.UserID, version, domain.SessionID{})
	uc.eraser.keys.reset(ctx, keys)
	return err
}
