package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/sqlitedialect"

	"github.com/menjin-id/menjin/domain"
)

// gathered runs changes that all wait before the first gets its turn, and returns their errors.
func gathered(t *testing.T, address domain.Secret, changes ...func(ctx context.Context, tx bun.Tx) error) []error {
	t.Helper()
	path, err := sqlitePath(address)
	if err != nil {
		t.Fatal(err)
	}
	writing, err := openSQLiteWriter(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	w := newWriter(bun.NewDB(writing, sqlitedialect.New()))
	w.turns = make(chan *turn, len(changes)) // lets them wait in their order
	errs := make([]error, len(changes))
	var waiting sync.WaitGroup
	for i, change := range changes {
		waiting.Go(func() {
			defer func() {
				if r := recover(); r != nil {
					errs[i] = r.(error)
				}
			}()
			errs[i] = w.do(t.Context(), change)
		})
		for len(w.turns) <= i {
			runtime.Gosched()
		}
	}
	go w.run()
	waiting.Wait()
	if err := w.close(); err != nil {
		t.Error(err)
	}
	return errs
}

func insertShard(shard int) func(ctx context.Context, tx bun.Tx) error {
	return func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO outbox_shards (shard) VALUES (?)", shard)
		return err
	}
}

func countShards(t *testing.T, ctx context.Context, db bun.IDB) int {
	t.Helper()
	var count int
	if err := db.NewRaw("SELECT count(*) FROM outbox_shards").Scan(ctx, &count); err != nil {
		t.Errorf("count: %v", err)
	}
	return count
}

func TestTransactionsThatWaitShareACommit(t *testing.T) {
	t.Parallel()
	address := sqliteURL(t)
	db := openDB(t, Options{URL: address})
	before := countShards(t, t.Context(), db.read())
	errs := gathered(t, address, insertShard(1), insertShard(2), func(ctx context.Context, tx bun.Tx) error {
		if got := countShards(t, ctx, tx); got != before+2 {
			t.Errorf("rows seen by the third: got %d, want those of the two before it and %d", got, before)
		}
		if got := countShards(t, ctx, db.read()); got != before {
			t.Errorf("rows committed when the third has its turn: got %d, want %d", got, before)
		}
		return nil
	})
	if err := errors.Join(errs...); err != nil {
		t.Errorf("got error %v, want none", err)
	}
	if got := countShards(t, t.Context(), db.read()); got != before+2 {
		t.Errorf("rows afterwards: got %d, want %d", got, before+2)
	}
}

func TestTransactionThatFailsIsUndoneAlone(t *testing.T) {
	t.Parallel()
	address := sqliteURL(t)
	db := openDB(t, Options{URL: address})
	before := countShards(t, t.Context(), db.read())
	failure, panicked := errors.New("failure"), errors.New("panic")
	errs := gathered(t, address,
		insertShard(1),
		func(ctx context.Context, tx bun.Tx) error { return errors.Join(insertShard(2)(ctx, tx), failure) },
		func(ctx context.Context, tx bun.Tx) error { panic(errors.Join(insertShard(3)(ctx, tx), panicked)) },
		insertShard(1), // taken
		insertShard(4),
	)
	if err := errors.Join(errs[0], errs[4]); err != nil {
		t.Errorf("neighbours: got error %v, want none", err)
	}
	if !errors.Is(errs[1], failure) || !errors.Is(errs[2], panicked) || errs[3] == nil {
		t.Errorf("those that failed: got errors %v", errs[1:4])
	}
	if got := countShards(t, t.Context(), db.read()); got != before+2 {
		t.Errorf("rows afterwards: got %d, want %d", got, before+2)
	}
}

func TestGroupThatSQLiteRollsBackIsAnsweredWithAnError(t *testing.T) {
	t.Parallel()
	address := sqliteURL(t)
	db := openDB(t, Options{URL: address})
	before := countShards(t, t.Context(), db.read())
	errs := gathered(t, address,
		insertShard(1),
		func(ctx context.Context, tx bun.Tx) error {
			_, err := tx.ExecContext(ctx, "ROLLBACK") // as SQLite does by itself when the disk is full
			return err
		},
		insertShard(2),
	)
	if !errors.Is(errs[0], errGroupLost) || errs[1] == nil {
		t.Errorf("group: got errors %v, want %v", errs[:2], errGroupLost)
	}
	if errs[2] != nil {
		t.Errorf("the next group: got error %v, want none", errs[2])
	}
	if got := countShards(t, t.Context(), db.read()); got != before+1 {
		t.Errorf("rows afterwards: got %d, want %d", got, before+1)
	}
}

func TestClosedDatabaseRefusesTransactions(t *testing.T) {
	t.Parallel()
	for _, backend := range backends {
		t.Run(backend.name, func(t *testing.T) {
			t.Parallel()
			db := openDB(t, Options{URL: backend.url(t)})
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			user, event := newUser(t)
			if err := add(t.Context(), db, user, event); err == nil {
				t.Error("got no error, want one")
			}
		})
	}
}

func TestWhatAFailedChangeConflictedWithIsVisibleWhenItReturns(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "menjin.db")
	address := domain.NewSecret("sqlite:" + path)
	if err := Migrate(t.Context(), address); err != nil {
		t.Fatal(err)
	}
	writing, err := openSQLiteWriter(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	w := newWriter(bun.NewDB(writing, sqlitedialect.New()))
	w.turns = make(chan *turn, 3)
	returned := make(chan struct{})
	var seen int
	var waiting sync.WaitGroup
	for i, act := range []func(){
		func() { _ = w.do(t.Context(), insertShard(40)) },
		func() {
			if err := w.do(t.Context(), insertShard(40)); err == nil {
				t.Error("the same row was inserted twice")
			}
			seen = countFromOutside(t, path, 40)
			close(returned)
		},
		func() { // keeps the group open for as long as the one before would take to return too early
			_ = w.do(t.Context(), func(context.Context, bun.Tx) error {
				select {
				case <-returned:
				case <-time.After(200 * time.Millisecond):
				}
				return nil
			})
		},
	} {
		waiting.Go(act)
		for len(w.turns) <= i {
			runtime.Gosched()
		}
	}
	go w.run()
	waiting.Wait()
	if err := w.close(); err != nil {
		t.Error(err)
	}
	if seen != 1 {
		t.Errorf("the change that failed saw %d rows of what it conflicted with, want 1", seen)
	}
}

// countFromOutside reads through a connection of its own, as readers do.
func countFromOutside(t *testing.T, path string, shard int) (count int) {
	t.Helper()
	db, err := sql.Open("sqlite", sqliteDSN(path))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM outbox_shards WHERE shard = ?", shard).Scan(&count); err != nil {
		t.Error(err)
	}
	return count
}
