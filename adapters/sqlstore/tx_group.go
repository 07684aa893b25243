package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/uptrace/bun"
)

// maxGroup bounds how many transactions share a commit, so that the first of them does not wait for ever.
const maxGroup = 64

var (
	errWriterClosed = errors.New("the database is closed")
	errGroupLost    = errors.New("the shared transaction was rolled back")
)

// writer owns SQLite's one writing connection. A commit waits for the disk, so transactions that wait meanwhile are put into
// one: each in a savepoint, so that a failing one is undone alone, and none is answered before the commit of all.
type writer struct {
	db    *bun.DB
	turns chan *turn
	stop  func()
	ended <-chan struct{} // closed by stop
	done  chan struct{}   // closed when the goroutine has gone
}

// turn is one transaction's part of a group. Its channels hold one value each, so that neither side waits to send.
type turn struct {
	begun  chan beginning
	part   chan part
	broke  bool       // set by run: the group was lost because of this turn
	answer chan error // of the commit, for a part that is kept; for an undone one, only when the group was lost
}

type beginning struct {
	tx  bun.Tx
	err error
}

// part says what became of a turn within the group.
type part int

const (
	partBroken part = iota // it could not even be undone
	partUndone
	partKept
)

// newWriter takes db over, which must have a single connection. It works while run does.
func newWriter(db *bun.DB) *writer {
	ended := make(chan struct{})
	return &writer{
		db: db, turns: make(chan *turn), stop: sync.OnceFunc(func() { close(ended) }), ended: ended, done: make(chan struct{}),
	}
}

// close lets the group at work commit, refuses the turns that wait and disconnects.
func (w *writer) close() error {
	w.stop()
	<-w.done
	return w.db.Close()
}

// do runs change in the caller's goroutine when its turn has come, and returns after the commit. So does a change that failed:
// what it conflicted with may be another turn of the group, which readers see only then, and which never was if the group is
// lost.
func (w *writer) do(ctx context.Context, change func(ctx context.Context, tx bun.Tx) error) error {
	t := &turn{begun: make(chan beginning, 1), part: make(chan part, 1), answer: make(chan error, 1)}
	select {
	case w.turns <- t:
	case <-ctx.Done():
		return ctx.Err()
	case <-w.ended:
		return unavailable(errWriterClosed)
	}
	start := <-t.begun
	if start.err != nil {
		return start.err
	}
	failure := t.run(ctx, start.tx, change)
	if err := <-t.answer; err != nil && !t.broke {
		return err
	}
	return failure
}

// run makes the turn's part. The deferred half also serves a change that panics: its caller gets the panic, the others
// nothing of it.
func (t *turn) run(ctx context.Context, tx bun.Tx, change func(ctx context.Context, tx bun.Tx) error) (err error) {
	lasting := context.WithoutCancel(ctx) // interrupting a statement would roll back the whole group
	outcome := partBroken
	defer func() {
		if outcome == partUndone {
			if _, undo := tx.Tx.ExecContext(lasting, "ROLLBACK TO turn; RELEASE turn"); undo != nil {
				outcome, err = partBroken, errors.Join(err, undo)
			}
		}
		t.broke = outcome == partBroken
		t.part <- outcome
	}()
	if _, err := tx.Tx.ExecContext(lasting, "SAVEPOINT turn"); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	outcome = partUndone
	err = change(lasting, tx)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return err
	}
	if _, err := tx.Tx.ExecContext(lasting, "RELEASE turn"); err != nil {
		outcome = partBroken
		return fmt.Errorf("end: %w", err)
	}
	outcome = partKept
	return nil
}

func (w *writer) run() {
	defer close(w.done)
	for {
		select {
		case first := <-w.turns:
			w.group(first)
		case <-w.ended:
			return
		}
	}
}

// group gives turns to first and to those that wait by then, commits and answers.
func (w *writer) group(first *turn) {
	tx, err := w.db.BeginTx(context.Background(), nil)
	if err != nil {
		first.begun <- beginning{err: fmt.Errorf("begin: %w", err)}
		return
	}
	var turns []*turn
	kept, broken := 0, false
	for next := first; next != nil; next = w.waiting() {
		next.begun <- beginning{tx: tx}
		outcome := <-next.part
		turns = append(turns, next)
		if outcome == partKept {
			kept++
		}
		if broken = outcome == partBroken; broken || len(turns) == maxGroup {
			break
		}
	}
	err = w.end(tx, kept > 0, broken)
	for _, t := range turns {
		t.answer <- err
	}
}

// waiting returns a turn that waits now, or nil.
func (w *writer) waiting() *turn {
	select {
	case t := <-w.turns:
		return t
	default:
		return nil
	}
}

func (w *writer) end(tx bun.Tx, worth, broken bool) error {
	if broken || !worth {
		_ = tx.Rollback() // fails where SQLite has rolled back by itself
	}
	if broken {
		return unavailable(errGroupLost)
	}
	if !worth {
		return nil // everybody's change had failed: nothing is lost
	}
	if err := tx.Commit(); err != nil {
		// database/sql holds the transaction for ended now, while SQLite may not.
		_, _ = w.db.DB.ExecContext(context.Background(), "ROLLBACK")
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}
