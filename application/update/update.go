// Package update changes users: load, change, save, tell and note, in one transaction. Every use case that changes a user who
// exists goes through it, so that none of the steps is forgotten.
package update

import (
	"context"
	"fmt"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// Users changes users.
type Users struct {
	tx    ports.Transactor
	now   ports.Clock
	newID ports.NewID
}

// New makes Users of what it needs.
func New(tx ports.Transactor, now ports.Clock, newID ports.NewID) *Users {
	return &Users{tx, now, newID}
}

// Change is one change under way: an instant, and the ids it needs.
type Change struct {
	At    time.Time
	newID ports.NewID
}

// Stamp returns the stamp of another event of the change.
func (c Change) Stamp() domain.Stamp {
	return domain.Stamp{ID: domain.EventID{ID: c.newID()}, At: c.At}
}

// Note says what the audit log keeps of a change; nil keeps nothing.
type Note struct {
	Actor     domain.Actor
	Action    domain.AuditAction
	Detail    string
	IP        string
	RequestID string
}

// Begin starts a change now.
func (u *Users) Begin() Change { return Change{At: u.now(), newID: u.newID} }

// One changes one user and returns the user's version after it. change may be called twice, each time with the user as stored.
func (u *Users) One(
	ctx context.Context, id domain.UserID, note *Note, change func(user *domain.User, c Change) ([]domain.Event, error),
) (version int64, err error) {
	c := u.Begin()
	err = u.tx.InTx(ctx, func(ctx context.Context, tx ports.Tx) error {
		user, err := tx.Users().ForUpdate(ctx, id)
		if err != nil {
			return fmt.Errorf("load user: %w", err)
		}
		events, err := change(user, c)
		if err != nil {
			return err
		}
		version = user.State().Version
		if err := tx.Users().Save(ctx, user); err != nil {
			return fmt.Errorf("save user: %w", err)
		}
		return c.Finish(ctx, tx, id, note, events)
	})
	return version, err
}

// Finish tells and notes a change, within its transaction.
func (c Change) Finish(ctx context.Context, tx ports.Tx, target domain.UserID, note *Note, events []domain.Event) error {
	if len(events) > 0 {
		if err := tx.Outbox().Append(ctx, events...); err != nil {
			return fmt.Errorf("append events: %w", err)
		}
	}
	if note == nil {
		return nil
	}
	err := tx.Audit().Append(ctx, domain.AuditEntry{
		ID: c.newID(), At: c.At, Actor: note.Actor, Action: note.Action, Target: target,
		Detail: note.Detail, IP: note.IP, RequestID: note.RequestID,
	})
	if err != nil {
		return fmt.Errorf("append audit entry: %w", err)
	}
	return nil
}
