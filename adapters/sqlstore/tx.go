package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/uptrace/bun"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

const (
	// maxTries is how often a change is run when PostgreSQL makes it give way to another.
	maxTries = 5
	// firstPause is how long it is waited before the second try, at most, and twice as long before each further one. A change
	// that is tried again at once may take, on a busy machine, the very lock that the other has been promised and has not
	// woken up for, and be in its way again.
	firstPause = 20 * time.Millisecond
)

var (
	errLostUpdate = errors.New("lost update: the row is not as it was read")
	errNotLocked  = errors.New("the user was neither added nor locked in this transaction")
)

var _ ports.Transactor = (*DB)(nil)

// statements is where a transaction's statements go. PostgreSQL's holds writes back until something is read or committed,
// so their errors may come late; SQLite's runs each at once.
type statements interface {
	exec(ctx context.Context, statement string, args ...any) error
	// execOne makes the transaction fail with otherwise unless the statement changes one row.
	execOne(ctx context.Context, otherwise error, statement string, args ...any) error
	query(ctx context.Context, read func(rows) error, statement string, args ...any) error
}

// step is a statement of a transaction. What it answers with is read where read is set.
type step struct {
	statement string
	args      []any
	read      func(rows) error
}

// InTx is ports.Transactor's.
func (db *DB) InTx(ctx context.Context, change func(ctx context.Context, tx ports.Tx) error) error {
	run := db.inPostgresTx
	if !db.isPostgres() {
		run = db.inSQLiteTx
	}
	var events int
	var err error
	for try := 1; ; try++ {
		events, err = run(ctx, change)
		if try == maxTries || !worthAnotherTry(err) || !giveWayFor(ctx, firstPause<<(try-1)) {
			break
		}
	}
	if err != nil {
		return err
	}
	if events > 0 {
		db.onCommit()
	}
	return nil
}

// giveWayFor waits for half of the pause at least, and reports whether ctx lasted.
func giveWayFor(ctx context.Context, pause time.Duration) bool {
	timer := time.NewTimer(pause - rand.N(pause/2))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func (db *DB) inPostgresTx(ctx context.Context, change func(ctx context.Context, tx ports.Tx) error) (int, error) {
	pipeline := &pipeline{pool: db.pool}
	defer pipeline.end(ctx)
	unit := newUnit(db, pipeline)
	if err := unit.run(ctx, change); err != nil {
		return 0, err
	}
	if err := pipeline.commit(ctx); err != nil {
		return 0, fmt.Errorf("commit: %w", translate(err))
	}
	return unit.events, nil
}

func (db *DB) inSQLiteTx(ctx context.Context, change func(ctx context.Context, tx ports.Tx) error) (int, error) {
	var events int
	err := db.write(ctx, func(_ context.Context, tx bun.Tx) error {
		unit := newUnit(db, direct{tx.Tx})
		if err := unit.run(ctx, change); err != nil {
			return err
		}
		events = unit.events
		return nil
	})
	return events, err
}

// unit is a transaction at work.
type unit struct {
	db     *DB
	to     statements
	held   map[domain.UserID]held
	events int
	err    error // the first that a statement met: nothing can be committed after it
}

// held is what the table says of a user that the transaction added or locked.
type held struct {
	version    int64
	roles      []domain.Role
	password   domain.PasswordHash
	identities []storedIdentity
}

func newUnit(db *DB, to statements) *unit {
	return &unit{db: db, to: to, held: make(map[domain.UserID]held, 1)}
}

// run makes change and reports an error that change has passed over.
func (u *unit) run(ctx context.Context, change func(ctx context.Context, tx ports.Tx) error) error {
	if err := change(ctx, u); err != nil {
		return err
	}
	return u.err
}

// Users is ports.Tx's.
func (u *unit) Users() ports.UserWriter { return userWriter{u} }

// Outbox is ports.Tx's.
func (u *unit) Outbox() ports.Outbox { return eventAppender{u} }

// Audit is ports.Tx's.
func (u *unit) Audit() ports.AuditLog { return auditAppender{u} }

// Inbox is ports.Tx's.
func (u *unit) Inbox() ports.Inbox { return inboxWriter{u} }

// do runs a step unless one before it failed, and remembers its failure.
func (u *unit) do(attempt string, step func() error) error {
	if u.err != nil {
		return u.err
	}
	if err := translate(step()); err != nil {
		u.err = fmt.Errorf("%s: %w", attempt, err)
	}
	return u.err
}
