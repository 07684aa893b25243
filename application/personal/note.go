package personal

import (
	"context"
	"errors"

	"github.com/menjin-id/menjin/application/account"
	"github.com/menjin-id/menjin/application/update"
	"github.com/menjin-id/menjin/domain"
)

// noteOf says what the audit log keeps of a change that callers make of themselves. A telephone number is never part of it.
func noteOf(caller account.Caller, action domain.AuditAction, detail string) *update.Note {
	return &update.Note{
		Actor: domain.Actor{UserID: caller.UserID}, Action: action, Detail: detail, IP: caller.IP, RequestID: caller.RequestID,
	}
}

// errNothing takes back a transaction in which there was nothing to do, its audit entry included.
var errNothing = errors.New("nothing is to be changed")

// change makes and notes a change of the caller, and returns the user afterwards. A change without events is none, and is not
// noted.
func change(
	ctx context.Context, users *update.Users, caller account.Caller, note *update.Note,
	apply func(user *domain.User, stamp domain.Stamp) []domain.Event,
) (*domain.User, error) {
	var changed *domain.User
	_, err := users.One(ctx, caller.UserID, note, func(u *domain.User, c update.Change) ([]domain.Event, error) {
		changed = u
		events := apply(u, c.Stamp())
		if len(events) == 0 {
			return nil, errNothing
		}
		return events, nil
	})
	if err != nil && !errors.Is(err, errNothing) {
		return nil, err
	}
	return changed, nil
}
