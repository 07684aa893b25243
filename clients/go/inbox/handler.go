package inbox

import (
	"context"
	"database/sql"
	"fmt"

	menjin "github.com/menjin-id/menjin/clients/go"
)

// Handler does its work in a transaction, and neither commits it nor rolls it back.
type Handler[T any] = func(ctx context.Context, tx *sql.Tx, event menjin.Event[T]) error

// Once makes a handler for a subscriber: each event has its effect once, however often it comes. Event.Late is set from what
// the inbox knows.
func Once[T any](b *Inbox, db *sql.DB, handler Handler[T]) func(context.Context, menjin.Event[T]) error {
	return within(b, db, handler, true)
}

// Newest is Once for handlers that copy a state: an event that is late is remembered, and passed over.
func Newest[T any](b *Inbox, db *sql.DB, handler Handler[T]) func(context.Context, menjin.Event[T]) error {
	return within(b, db, handler, false)
}

func within[T any](b *Inbox, db *sql.DB, handler Handler[T], withLate bool) func(context.Context, menjin.Event[T]) error {
	return func(ctx context.Context, event menjin.Event[T]) error {
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return fmt.Errorf("begin: %w", err)
		}
		defer tx.Rollback() // does nothing after the commit
		fresh, late, err := Record(ctx, b, tx, event)
		if err != nil || !fresh {
			return err
		}
		event.Late = event.Late || late
		if !late || withLate {
			if err := handler(ctx, tx, event); err != nil {
				return err
			}
		}
		if err := tx.Commit(); err != nil {
			return fmt.Errorf("commit: %w", err)
		}
		return nil
	}
}
