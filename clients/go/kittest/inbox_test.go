package kittest_test

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"testing"
	"time"

	menjin "github.com/menjin-id/menjin/clients/go"
	"github.com/menjin-id/menjin/clients/go/inbox"
)

func TestInbox(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]struct {
		db      func(*testing.T) *sql.DB
		dialect inbox.Dialect
		insert  string
	}{
		"SQLite":     {openSQLite, inbox.SQLite, "insert into effect values (?)"},
		"PostgreSQL": {openPostgreSQL, inbox.PostgreSQL, "insert into effect values ($1)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &effects{db: open.db(t), box: inbox.New("test", open.dialect), insert: open.insert}
			for range 2 { // the table may exist
				if err := f.box.Create(t.Context(), f.db); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := f.db.Exec("create table effect (event_id text)"); err != nil {
				t.Fatal(err)
			}
			f.sameEventAtOnceHasOneEffect(t)
			f.failureLeavesNothingBehind(t)
			f.lateEventIsToldOrPassedOver(t)
			f.otherConsumerHasItsOwn(t, inbox.New("other", open.dialect))
			f.sweepForgetsTheOld(t)
		})
	}
}

type effects struct {
	db     *sql.DB
	box    *inbox.Inbox
	insert string
}

func (f *effects) count(t *testing.T, id string) (n int) {
	t.Helper()
	rows, err := f.db.Query("select event_id from effect")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var got string
		if err := rows.Scan(&got); err != nil {
			t.Fatal(err)
		}
		if got == id {
			n++
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return n
}

func (f *effects) work(ctx context.Context, tx *sql.Tx, e menjin.Event[menjin.Locked]) error {
	_, err := tx.ExecContext(ctx, f.insert, e.ID)
	return err
}

func lockedEvent(id, user string, sequence int64) menjin.Event[menjin.Locked] {
	return menjin.Event[menjin.Locked]{ID: id, UserID: user, Sequence: sequence}
}

func (f *effects) sameEventAtOnceHasOneEffect(t *testing.T) {
	t.Helper()
	handle := inbox.Once(f.box, f.db, f.work)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if err := handle(t.Context(), lockedEvent("e1", "u1", 5)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	wantEqual(t, "effects of one event at once", f.count(t, "e1"), 1)
}

func (f *effects) failureLeavesNothingBehind(t *testing.T) {
	t.Helper()
	failing := inbox.Once(f.box, f.db, func(ctx context.Context, tx *sql.Tx, e menjin.Event[menjin.Locked]) error {
		return errors.Join(f.work(ctx, tx, e), errBusy)
	})
	if err := failing(t.Context(), lockedEvent("e2", "u2", 1)); !errors.Is(err, errBusy) {
		t.Errorf("failing handler: got %v, want %v", err, errBusy)
	}
	wantEqual(t, "effects of a failure", f.count(t, "e2"), 0)
	if err := inbox.Once(f.box, f.db, f.work)(t.Context(), lockedEvent("e2", "u2", 1)); err != nil {
		t.Error(err)
	}
	wantEqual(t, "effects of the second try", f.count(t, "e2"), 1)
}

func (f *effects) lateEventIsToldOrPassedOver(t *testing.T) {
	t.Helper()
	var late []bool
	once := inbox.Once(f.box, f.db, func(_ context.Context, _ *sql.Tx, e menjin.Event[menjin.Locked]) error {
		late = append(late, e.Late)
		return nil
	})
	for _, e := range []menjin.Event[menjin.Locked]{lockedEvent("e3", "u1", 4), lockedEvent("e4", "u1", 6)} {
		if err := once(t.Context(), e); err != nil {
			t.Error(err)
		}
	}
	wantEqual(t, "late", late, []bool{true, false})
	if err := inbox.Newest(f.box, f.db, f.work)(t.Context(), lockedEvent("e5", "u1", 3)); err != nil {
		t.Error(err)
	}
	wantEqual(t, "effects of a late event", f.count(t, "e5"), 0)
}

func (f *effects) otherConsumerHasItsOwn(t *testing.T, other *inbox.Inbox) {
	t.Helper()
	if err := inbox.Once(other, f.db, f.work)(t.Context(), lockedEvent("e1", "u1", 5)); err != nil {
		t.Error(err)
	}
	wantEqual(t, "effects for two consumers", f.count(t, "e1"), 2)
}

func (f *effects) sweepForgetsTheOld(t *testing.T) {
	t.Helper()
	swept, err := f.box.Sweep(t.Context(), f.db, time.Now().Add(-time.Hour))
	wantEqual(t, "swept of what is young", swept, 0)
	if err == nil {
		swept, err = f.box.Sweep(t.Context(), f.db, time.Now().Add(time.Hour))
	}
	if err != nil || swept != 5 {
		t.Errorf("swept: got %d, %v, want 5", swept, err)
	}
	var left int
	if err := f.db.QueryRow("select count(*) from menjin_inbox").Scan(&left); err != nil || left != 1 {
		t.Errorf("left of the other consumer: got %d, %v, want 1", left, err)
	}
}
