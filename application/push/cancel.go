package push

import (
	"context"
	"fmt"

	"github.com/menjin-id/menjin/application/update"
	"github.com/menjin-id/menjin/domain"
)

// cancel erases who has no WeChat account any more. That they are to be erased is committed with the message, so that it
// happens though this process ends here: the run that erases whoever is due finds them, and signing in does not cancel it. It is
// the deletion that is noted: an entry of this instant would lead from the pseudonym to the event that tells of the end.
func (uc *Take) cancel(ctx context.Context, m Message) error {
	id, err := uc.changeOwner(ctx, m, unnoted, func(user *domain.User, c update.Change) []domain.Event {
		return []domain.Event{user.RequestDeletion(c.At, c.Stamp())}
	})
	if err != nil || id.IsZero() {
		return err
	}
	note := &update.Note{Actor: domain.Actor{UserID: id}, Action: domain.AuditDelete, Detail: m.name()}
	if err := uc.eraser.Erase(ctx, id, note); err != nil {
		return fmt.Errorf("erase user: %w", err)
	}
	return nil
}

func unnoted(Message, domain.UserID) *update.Note { return nil }
