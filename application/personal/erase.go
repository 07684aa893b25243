package personal

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/menjin-id/menjin/application/session"
	"github.com/menjin-id/menjin/application/update"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// Eraser erases users, with what is left of accounts merged into theirs. What stays of one is a pseudonym in the audit log, and
// the event that tells of the end.
type Eraser struct {
	tx     ports.Transactor
	queue  ports.DeletionQueue
	people ports.UserBrowser
	reader ports.UserReader
	audit  ports.AuditReader
	users  *update.Users
	ender  *session.Ender
	keys   *KeyReset
	now    ports.Clock
	random ports.Random
	log    *slog.Logger
}

// NewEraser makes an Eraser of what it needs.
func NewEraser(
	tx ports.Transactor, queue ports.DeletionQueue, people ports.UserBrowser, reader ports.UserReader, audit ports.AuditReader,
	users *update.Users, ender *session.Ender, keys *KeyReset, now ports.Clock, random ports.Random, log *slog.Logger,
) *Eraser {
	return &Eraser{tx, queue, people, reader, audit, users, ender, keys, now, random, log}
}

// Erase erases a user, whatever their status, and ends their sessions. Erasing one who is gone is no error, also under a race.
// The note is kept under the pseudonym, without an address, and with the day alone. It is domain.ErrUnavailable of a user who
// changes again and again.
func (e *Eraser) Erase(ctx context.Context, id domain.UserID, note *update.Note) error {
	return e.erase(ctx, id, note, func(*domain.User) bool { return true })
}

// tries is how often a user is looked at anew who changes in between.
const tries = 3

// errChanged says that accounts may have been merged into a user after they were looked for.
var errChanged = errors.New("the user has changed meanwhile")

// erase leaves alone a user of whom wanted says so.
func (e *Eraser) erase(ctx context.Context, id domain.UserID, note *update.Note, wanted func(*domain.User) bool) error {
	keys := e.keys.find(ctx, id)
	for try := 1; ; try++ {
		roles, version, err := e.commit(ctx, id, note, wanted)
		switch {
		case err == nil:
			e.warnWithoutAdmin(ctx, roles)
			err = e.ender.CarryOut(ctx, id, version, domain.SessionID{})
			e.keys.reset(ctx, keys)
			return err
		case errors.Is(err, domain.ErrUserNotFound) || errors.Is(err, errNothing):
			return nil
		case errors.Is(err, errChanged) && try < tries:
			continue
		case errors.Is(err, errChanged):
			err = fmt.Errorf("%w: %w", domain.ErrUnavailable, err)
		}
		return fmt.Errorf("erase user: %w", err)
	}
}

// commit removes the user, and returns what they were, with the version that ended their sessions.
func (e *Eraser) commit(
	ctx context.Context, id domain.UserID, note *update.Note, wanted func(*domain.User) bool,
) (roles []domain.Role, version int64, err error) {
	before, err := e.reader.ByID(ctx, id)
	if err != nil {
		return nil, 0, fmt.Errorf("load user: %w", err)
	}
	merged, err := absorbed(ctx, e.audit, id)
	if err != nil {
		return nil, 0, err
	}
	if len(merged) == mostAbsorbed {
		e.log.WarnContext(ctx, "user has too many merged accounts to find them all", "user_id", id.String())
	}
	c, pseudonym := e.users.Begin(), e.pseudonym()
	entry := e.lastEntry(pseudonym, id, note, c.At)
	err = e.tx.InTx(ctx, func(ctx context.Context, tx ports.Tx) error {
		user, err := tx.Users().ForUpdate(ctx, id)
		if err != nil {
			return fmt.Errorf("load user: %w", err)
		}
		if !wanted(user) {
			return errNothing
		}
		if user.State().Version != before.State().Version {
			return errChanged
		}
		roles = user.Roles()
		if err := pseudonymise(ctx, tx.Audit(), pseudonym, append(merged, id)); err != nil {
			return err
		}
		last := user.Delete(c.Stamp(), c.Stamp(), merged...)
		version = last[0].Version
		if err := c.Finish(ctx, tx, pseudonym, nil, last); err != nil {
			return err
		}
		if err := tx.Audit().Append(ctx, entry); err != nil {
			return fmt.Errorf("append audit entry: %w", err)
		}
		return tx.Users().Remove(ctx, id)
	})
	return roles, version, err
}
