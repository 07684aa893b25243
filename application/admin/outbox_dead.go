package admin

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// retriedAtOnce bounds what one call of RetryAll does: each letter is a transaction of its own.
const retriedAtOnce = 500

const (
	deletedType   = "menjin.user." + string(domain.EventDeleted) + "." // of any version
	keepsDeletion = "must not be of an event that tells of a deletion: subscribers erase by it; mend the cause and retry it"
)

// Dead returns a page of the events that the stream refused, the oldest first; after is the outbox id of the last one of the
// page before.
func (uc *Outbox) Dead(
	ctx context.Context, actor Actor, filter ports.DeadLetterFilter, after int64, limit int,
) ([]ports.DeadLetter, error) {
	if err := actor.may(domain.PermissionOutboxManage); err != nil {
		return nil, err
	}
	letters, err := uc.dead.Dead(ctx, filter, after, limit)
	if err != nil {
		return nil, fmt.Errorf("read dead letters: %w", err)
	}
	return letters, nil
}

// Retry makes a dead letter wait again, and the events it held. It returns domain.ErrNotFound when the event is no dead letter
// that is undecided. Whether the stream takes it now is seen later, by Dead.
func (uc *Outbox) Retry(ctx context.Context, actor Actor, event domain.EventID) error {
	letter, err := uc.undecided(ctx, actor, event)
	if err != nil {
		return err
	}
	if err := uc.retry(ctx, actor, letter); err != nil {
		return fmt.Errorf("retry event: %w", err)
	}
	return nil
}

func (uc *Outbox) retry(ctx context.Context, actor Actor, letter ports.DeadLetter) error {
	event := letter.Event.Message.ID
	return uc.dead.Retry(ctx, event, uc.note(actor, domain.AuditOutboxRetry, About(letter.Event.Message), "event "+event.String()))
}

// Retried is what one call of RetryAll did.
type Retried struct {
	Count int
	Next  int64 // the outbox id to go on after; zero when none is left
}

// RetryAll retries dead letters nobody has decided on, 500 at most, by rising outbox id from the one after an id on: so that,
// call by call, one that dies again is not met twice. One that somebody else decides on meanwhile is passed over. With an error
// it tells what was done before.
func (uc *Outbox) RetryAll(ctx context.Context, actor Actor, after int64) (done Retried, err error) {
	if err := actor.may(domain.PermissionOutboxManage); err != nil {
		return done, err
	}
	letters, err := uc.dead.Dead(ctx, ports.DeadLetterFilter{}, after, retriedAtOnce+1)
	if err != nil {
		return done, fmt.Errorf("read dead letters: %w", err)
	}
	if len(letters) > retriedAtOnce {
		letters = letters[:retriedAtOnce]
		done.Next = letters[retriedAtOnce-1].Event.ID
	}
	for _, letter := range letters {
		switch err := uc.retry(ctx, actor, letter); {
		case err == nil:
			done.Count++
		case !errors.Is(err, domain.ErrNotFound):
			return done, fmt.Errorf("retry events: %w", err)
		}
	}
	return done, nil
}

// Discard gives a dead letter up: no subscriber will see the event, but the user's later ones. The reason is for the audit log;
// it must not be empty. It returns domain.ErrNotFound when the event is no dead letter that is undecided, and
// domain.ErrInvalidArgument for one that tells of a deletion: nobody would ever erase what they keep of the user.
func (uc *Outbox) Discard(ctx context.Context, actor Actor, event domain.EventID, reason string) error {
	if err := actor.may(domain.PermissionOutboxManage); err != nil {
		return err
	}
	if err := checkReason(reason); err != nil {
		return err
	}
	letter, err := uc.undecided(ctx, actor, event)
	if err != nil {
		return err
	}
	if strings.HasPrefix(letter.Event.Type, deletedType) {
		return domain.Invalid(domain.Violation{Field: "event_id", Rule: "enum", Text: keepsDeletion})
	}
	note := uc.note(actor, domain.AuditOutboxDiscard, About(letter.Event.Message), "event "+event.String()+": "+reason)
	if err := uc.dead.Discard(ctx, event, note); err != nil {
		return fmt.Errorf("discard event: %w", err)
	}
	return nil
}

// undecided looks a dead letter up, for the user whom it concerns.
func (uc *Outbox) undecided(ctx context.Context, actor Actor, event domain.EventID) (found ports.DeadLetter, err error) {
	if err := actor.may(domain.PermissionOutboxManage); err != nil {
		return found, err
	}
	letters, err := uc.dead.Dead(ctx, ports.DeadLetterFilter{Event: event}, 0, 1)
	if err == nil && len(letters) == 0 {
		err = domain.ErrNotFound
	}
	if err != nil {
		return found, fmt.Errorf("look up dead letter: %w", err)
	}
	return letters[0], nil
}

// About is the user an event is about; zero when WeChat pushed it about nobody who is known. Such an event has its own id in
// the place of a user's.
func About(message ports.Message) domain.UserID {
	if message.UserID.ID != message.ID.ID {
		return message.UserID
	}
	user, err := domain.ParseUserID(message.Headers[ports.HeaderUserID])
	if err != nil {
		return domain.UserID{}
	}
	return user
}
