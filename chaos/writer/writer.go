// Package writer changes users as the use cases do, at a steady rate, with rollbacks and slow transactions among it, and writes
// into a book what it tried and what it was told.
package writer

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/menjin-id/menjin/chaos/book"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

const (
	patience  = 5 * time.Second // of one change
	newUsers  = 0.1             // the share of changes that register somebody
	rollbacks = 0.1
	slowOnes  = 0.05
	slowest   = 400 * time.Millisecond
	seldom    = 20 // users who change all the time, so that one user's events come close together
)

var errRollback = errors.New("the writer wants none of it")

// Settings say how much is written.
type Settings struct {
	Writers   int
	Rate      int // changes in a second, of all writers together
	Rollbacks bool
	Slow      bool
}

// Writers are at work between Run's begin and end.
type Writers struct {
	settings  Settings
	db        ports.Transactor
	book      *book.Book
	committed atomic.Int64
	watch     stopwatch

	mu    sync.Mutex
	users []domain.UserID
}

// New makes writers that know of the users already.
func New(settings Settings, db ports.Transactor, book *book.Book, users []domain.UserID) *Writers {
	return &Writers{settings: settings, db: db, book: book, users: users}
}

// Committed returns how many changes were answered as committed.
func (w *Writers) Committed() int64 { return w.committed.Load() }

// Run writes until ctx ends. A change under way is brought to its end.
func (w *Writers) Run(ctx context.Context) error {
	var work sync.WaitGroup
	errs := make([]error, w.settings.Writers)
	pause := time.Duration(w.settings.Writers) * time.Second / time.Duration(w.settings.Rate)
	for i := range w.settings.Writers {
		work.Go(func() {
			for due := time.Now(); ctx.Err() == nil && errs[i] == nil; {
				errs[i] = w.change(context.WithoutCancel(ctx))
				due = later(due.Add(pause), time.Now().Add(-time.Second)) // an outage is not made up for
				select {
				case <-ctx.Done():
				case <-time.After(time.Until(due)):
				}
			}
		})
	}
	work.Wait()
	return errors.Join(errs...)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// change makes one and settles it in the book. It fails only when the book does.
func (w *Writers) change(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	attempt := attempt{
		writers:  w,
		rollback: w.settings.Rollbacks && rand.Float64() < rollbacks,
		slow:     w.settings.Slow && rand.Float64() < slowOnes,
	}
	user, known := w.pick()
	do := attempt.register
	if known {
		do = func(ctx context.Context, tx ports.Tx) error { return attempt.alter(ctx, tx, user) }
	}
	began := time.Now()
	err := w.db.InTx(ctx, do)
	switch {
	case attempt.failure != nil:
		return attempt.failure
	case err == nil:
		w.watch.add(time.Since(began))
		w.committed.Add(int64(len(attempt.entries)))
		w.meet(attempt.met)
		return w.book.Settle(book.Committed, attempt.entries)
	case errors.Is(err, errRollback):
		return w.book.Settle(book.RolledBack, attempt.entries)
	default: // nobody knows; the database will tell in the end
		return nil
	}
}

// pick returns a known user, mostly one of the latest, or nobody.
func (w *Writers) pick() (domain.UserID, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.users) == 0 || rand.Float64() < newUsers {
		return domain.UserID{}, false
	}
	if rand.IntN(4) > 0 {
		return w.users[len(w.users)-1-rand.IntN(min(seldom, len(w.users)))], true
	}
	return w.users[rand.IntN(len(w.users))], true
}

func (w *Writers) meet(user domain.UserID) {
	if user.IsZero() {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.users = append(w.users, user)
}

func newID() domain.ID { return domain.ID(uuid.Must(uuid.NewV7())) }

func stamp() domain.Stamp {
	return domain.Stamp{ID: domain.EventID{ID: newID()}, At: time.Now().UTC().Truncate(time.Microsecond)}
}
