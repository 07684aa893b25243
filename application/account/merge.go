package account

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/menjin-id/menjin/application/session"
	"github.com/menjin-id/menjin/application/update"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// Merger makes one account of two that belong to one person.
type Merger struct {
	tx    ports.Transactor
	users *update.Users
	ender *session.Ender
}

// NewMerger makes a Merger of what it needs.
func NewMerger(tx ports.Transactor, users *update.Users, ender *session.Ender) *Merger {
	return &Merger{tx, users, ender}
}

// Merge keeps the older account and removes the other, ends the sessions of both, and returns the one kept. The note is kept
// with the id of the one removed, see Absorbed. Its errors are those of domain.Merge, and domain.ErrUserNotFound.
func (m *Merger) Merge(ctx context.Context, a, b domain.UserID, note *update.Note) (*domain.User, error) {
	c := m.users.Begin()
	var kept, absorbed *domain.User
	var ended []domain.Event
	err := m.tx.InTx(ctx, func(ctx context.Context, tx ports.Tx) error {
		first, second, err := lockBoth(ctx, tx.Users(), a, b)
		if err != nil {
			return err
		}
		ended = []domain.Event{
			first.EndAllSessions(domain.SessionID{}, domain.EndedByMerge, c.Stamp()),
			second.EndAllSessions(domain.SessionID{}, domain.EndedByMerge, c.Stamp()),
		}
		var merged []domain.Event
		kept, absorbed, merged, err = domain.Merge(first, second, c.Stamp(), c.Stamp())
		if err != nil {
			return err
		}
		// The one who loses identities goes first.
		if err := tx.Users().Save(ctx, absorbed); err != nil {
			return fmt.Errorf("empty absorbed account: %w", err)
		}
		if err := tx.Users().Save(ctx, kept); err != nil {
			return fmt.Errorf("save kept account: %w", err)
		}
		if err := c.Finish(ctx, tx, kept.ID(), withAbsorbed(note, absorbed.ID()), append(ended, merged...)); err != nil {
			return err
		}
		return tx.Users().Remove(ctx, absorbed.ID())
	})
	if err != nil {
		return nil, fmt.Errorf("merge accounts: %w", err)
	}
	for _, event := range ended {
		if err := m.ender.CarryOut(ctx, event.UserID, event.Version, domain.SessionID{}); err != nil {
			return nil, err
		}
	}
	return kept, nil
}

// lockBoth goes by rising id, so that two merges of the same accounts do not wait for each other.
func lockBoth(ctx context.Context, users ports.UserWriter, a, b domain.UserID) (first, second *domain.User, err error) {
	if a == b {
		return nil, nil, domain.Invalid(domain.Violation{Field: "token", Rule: "same", Text: "belongs to the same account"})
	}
	if bytes.Compare(a.ID[:], b.ID[:]) > 0 {
		a, b = b, a
	}
	if first, err = users.ForUpdate(ctx, a); err != nil {
		return nil, nil, fmt.Errorf("load user: %w", err)
	}
	if second, err = users.ForUpdate(ctx, b); err != nil {
		return nil, nil, fmt.Errorf("load user: %w", err)
	}
	return first, second, nil
}

// Merge lets somebody merge two accounts by proving a session of each.
type Merge struct {
	check  *session.Check
	merger *Merger
}

// NewMerge makes the use case.
func NewMerge(check *session.Check, merger *Merger) *Merge { return &Merge{check, merger} }

// Do merges the caller's account with that of the access token. Errors of the token are those of session.Check, with
// domain.ErrInvalidArgument in place of what would send the caller to sign in again: their own session is good.
func (uc *Merge) Do(ctx context.Context, caller Caller, other domain.Secret) (*domain.User, error) {
	claims, err := uc.check.Do(ctx, other)
	if refused, ok := asUnauthenticated(err); ok {
		return nil, fmt.Errorf("check the other session: %w", refused)
	}
	if err != nil {
		return nil, fmt.Errorf("check the other session: %w", err)
	}
	return uc.merger.Merge(ctx, caller.UserID, claims.UserID, caller.note(domain.AuditMerge, "self-service"))
}

func asUnauthenticated(err error) (*domain.Error, bool) {
	failure, ok := errors.AsType[*domain.Error](err)
	if !ok || failure.Code != domain.CodeUnauthenticated {
		return nil, false
	}
	return domain.Invalid(domain.Violation{Field: "token", Rule: "format", Text: "is not an access token of a live session"}), true
}
