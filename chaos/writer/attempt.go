package writer

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/menjin-id/menjin/chaos/book"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// attempt is one transaction, which the store may run more than once: what counts is the last run.
type attempt struct {
	writers        *Writers
	rollback, slow bool
	entries        []book.Entry
	met            domain.UserID
	failure        error // of the book
}

func (a *attempt) register(ctx context.Context, tx ports.Tx) error {
	id := newID()
	openID, err := domain.NewOpenID("oChaos-" + id.String())
	if err != nil {
		return err
	}
	user, event := domain.RegisterWithWeChat(domain.UserID{ID: id},
		domain.WeChatIdentity{AppID: "wx0123456789abcdef", OpenID: openID}, stamp())
	a.met = user.ID()
	if err := tx.Users().Add(ctx, user); err != nil {
		return fmt.Errorf("add user: %w", err)
	}
	return a.finish(ctx, tx, user.ID(), []domain.Event{event})
}

func (a *attempt) alter(ctx context.Context, tx ports.Tx, id domain.UserID) error {
	user, err := tx.Users().ForUpdate(ctx, id)
	if err != nil {
		return fmt.Errorf("lock user: %w", err)
	}
	events := alterations[rand.IntN(len(alterations))](user)
	if err := tx.Users().Save(ctx, user); err != nil {
		return fmt.Errorf("save user: %w", err)
	}
	return a.finish(ctx, tx, id, events)
}

// alterations make one event, or several in one transaction.
var alterations = []func(*domain.User) []domain.Event{
	func(u *domain.User) []domain.Event {
		return []domain.Event{u.EndAllSessions(domain.SessionID{}, domain.EndedByLogoutAll, stamp())}
	},
	func(u *domain.User) []domain.Event {
		return append(u.Lock(stamp()), u.Unlock(stamp())...)
	},
	func(u *domain.User) []domain.Event {
		return []domain.Event{
			u.EndSession(domain.SessionID{ID: newID()}, domain.EndedByLogout, stamp()),
			u.EndSession(domain.SessionID{ID: newID()}, domain.EndedByLogout, stamp()),
			u.EndSession(domain.SessionID{ID: newID()}, domain.EndedByLogout, stamp()),
		}
	},
}

func (a *attempt) finish(ctx context.Context, tx ports.Tx, user domain.UserID, events []domain.Event) error {
	a.entries = nil
	for _, event := range events {
		a.entries = append(a.entries, book.Entry{User: user, Version: event.Version, Event: event.ID})
	}
	if a.failure = a.writers.book.Try(a.entries); a.failure != nil {
		return a.failure
	}
	if err := tx.Outbox().Append(ctx, events...); err != nil {
		return fmt.Errorf("append events: %w", err)
	}
	if a.slow || a.rollback && rand.IntN(2) == 0 {
		if err := dawdle(ctx, tx, user); err != nil {
			return err
		}
	}
	if a.rollback {
		return errRollback
	}
	return nil
}

// dawdle lets the transaction stand with its events inserted, and their ids taken, while others commit later ones.
func dawdle(ctx context.Context, tx ports.Tx, user domain.UserID) error {
	if _, err := tx.Users().ForUpdate(ctx, user); err != nil { // a read sends what was held back
		return fmt.Errorf("lock user again: %w", err)
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(rand.N(slowest)):
		return nil
	}
}
