package signin

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/menjin-id/menjin/application/update"
	"github.com/menjin-id/menjin/domain"
)

// errNotAsked takes back a transaction in which there was nothing to cancel, its audit entry included.
var errNotAsked = errors.New("no deletion was asked for")

// errLate takes back the transaction of one whose deletion is due.
var errLate = errors.New("the deletion is due")

// errDue says that it is too late to cancel: the cooling-off is over, or WeChat told that the person cancelled there, and nothing
// but a failure keeps the user here. The eraser tries again within a minute; who signs in after it is somebody new.
var errDue = domain.ErrUnavailable.After(time.Minute)

// keep keeps a user who asked to be deleted and signed in after all. Who is erased at the same moment has no session any more.
// The session just opened of one whose deletion is due by now is ended.
func (o *Opener) keep(ctx context.Context, user *domain.User, opened domain.SessionID, ip string) error {
	if !user.WaitsForDeletion() {
		return nil
	}
	note := &update.Note{Actor: domain.Actor{UserID: user.ID()}, Action: domain.AuditDeletionUndo, IP: ip}
	_, err := o.users.One(ctx, user.ID(), note, func(u *domain.User, c update.Change) ([]domain.Event, error) {
		if u.DeletionDue(c.At) {
			return nil, errLate
		}
		if !u.CancelDeletion() {
			return nil, errNotAsked // cancelled meanwhile
		}
		return nil, nil
	})
	switch {
	case err == nil || errors.Is(err, errNotAsked):
		return nil
	case errors.Is(err, domain.ErrUserNotFound):
		return domain.ErrSessionEnded
	case errors.Is(err, errLate):
		return o.refuseLate(ctx, user.ID(), opened)
	default:
		return fmt.Errorf("cancel deletion: %w", err)
	}
}

func (o *Opener) refuseLate(ctx context.Context, user domain.UserID, opened domain.SessionID) error {
	if err := o.sessions.End(ctx, user, opened); err != nil {
		return fmt.Errorf("end session of a user to be deleted: %w", err)
	}
	return errDue
}
