package sqlstore

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/uptrace/bun"

	"github.com/menjin-id/menjin/adapters/cloudevent"
	"github.com/menjin-id/menjin/domain"
)

// openShards opens a database with a number of shards of its own choice.
func openShards(t *testing.T, url domain.Secret, shards int) *outboxTest {
	t.Helper()
	return newOutboxTest(t, openDB(t, Options{URL: url, Shards: shards}), OutboxOptions{})
}

// wantRefused checks that a database is not opened with a number of shards, for a reason that says all of words.
func wantRefused(t *testing.T, url domain.Secret, shards int, words ...string) {
	t.Helper()
	db, err := Open(t.Context(), Options{URL: url, Shards: shards, Cipher: testVault(), Codec: cloudevent.New()})
	if err == nil {
		_ = db.Close()
	}
	if !errors.Is(err, ErrShards) {
		t.Fatalf("open with %d shards: got error %v, want %v", shards, err, ErrShards)
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("open with %d shards: got %q, want %q in it", shards, err, word)
		}
	}
}

// userBeyond returns a user whose events lie in another shard once there are more than one.
func userBeyond(shards int) domain.UserID {
	user := newUserID()
	for shardOf(user, shards) == 0 {
		user = newUserID()
	}
	return user
}

func onPostgres(t *testing.T, test func(t *testing.T, url domain.Secret)) {
	for _, on := range []backend{postgres, postgresSimple} {
		t.Run(on.name, func(t *testing.T) {
			t.Parallel()
			test(t, on.url(t))
		})
	}
}

func TestOutboxIsNotDividedAnewWhileEventsWait(t *testing.T) {
	t.Parallel()
	onPostgres(t, func(t *testing.T, url domain.Secret) {
		one := openShards(t, url, 1)
		user := userBeyond(16)
		first := one.append(t, user)
		wantRefused(t, url, 16, "events.shards is 16", "the database has 1", "events that wait: 1")
		second := one.append(t, user)
		one.wantDrained(t, first, second)

		many := openShards(t, url, 16)
		many.versions = one.versions
		third := many.append(t, user)
		wantRefused(t, url, 1, "events.shards is 1", "the database has 16")
		many.wantDrained(t, third)
		fewer := openShards(t, url, 4)
		fewer.versions = many.versions
		fewer.wantDrained(t, fewer.append(t, user))
	})
}

func TestOutboxIsNotDividedAnewWhileUsersAreHeld(t *testing.T) {
	t.Parallel()
	onPostgres(t, func(t *testing.T, url domain.Secret) {
		one := openShards(t, url, 1)
		user := userBeyond(2)
		dead := one.bury(t, user)
		wantRefused(t, url, 2, "users held behind a dead letter: 1")
		if err := one.Discard(t.Context(), dead, decisionNote()); err != nil {
			t.Fatal(err)
		}
		openShards(t, url, 2)
	})
}

func TestWhoeverHasTheNumberBeforeAppendsNoMore(t *testing.T) {
	t.Parallel()
	onPostgres(t, func(t *testing.T, url domain.Secret) {
		before := openDB(t, Options{URL: url, Shards: 1})
		openShards(t, url, 2)
		user, event := newUser(t)
		err := add(t.Context(), before, user, event)
		if !errors.Is(err, domain.ErrUnavailable) || !errors.Is(err, errDivided) {
			t.Errorf("append with the number before: got error %v, want %v", err, errDivided)
		}
		if _, err := NewUsers(before).ByID(t.Context(), user.ID()); !errors.Is(err, domain.ErrUserNotFound) {
			t.Errorf("user of that event: got error %v, want %v", err, domain.ErrUserNotFound)
		}
	})
}

// An event that is not committed is not to be seen, and would lie where the number before had put it.
func TestOutboxIsDividedAnewOnlyOnceNobodyAppends(t *testing.T) {
	t.Parallel()
	onPostgres(t, func(t *testing.T, url domain.Secret) {
		one := openShards(t, url, 1)
		refused := make(chan error, 1)
		watcher, err := one.db.pool.Acquire(t.Context()) // while there is time: whoever waits for the lock gives up after five seconds
		if err != nil {
			t.Fatal(err)
		}
		defer watcher.Release()
		err = one.db.write(t.Context(), func(ctx context.Context, tx bun.Tx) error {
			_, row, shard := one.event(t, userBeyond(2))
			if err := insertEventRow(ctx, one.db, tx.Tx, row, shard); err != nil {
				return err
			}
			go func() {
				db, err := Open(t.Context(), Options{URL: url, Shards: 2, Cipher: testVault(), Codec: cloudevent.New()})
				if err == nil {
					err = db.Close()
				}
				refused <- err
			}()
			return lockIsAwaited(ctx, watcher, refused)
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := <-refused; !errors.Is(err, ErrShards) {
			t.Errorf("open with another number while an event is appended: got error %v, want %v", err, ErrShards)
		}
	})
}

// lockIsAwaited returns once somebody waits for the table of what waits, or has failed.
func lockIsAwaited(ctx context.Context, watcher *pgxpool.Conn, failed chan error) error {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for awaited := false; !awaited && len(failed) == 0; <-tick.C {
		err := watcher.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND relation = 'outbox_pending'::regclass)").
			Scan(&awaited)
		if err != nil {
			return err
		}
	}
	return nil
}

func TestNumberOfShardsThatIsThereIsKeptOnRequest(t *testing.T) {
	t.Parallel()
	onPostgres(t, func(t *testing.T, url domain.Secret) {
		for _, c := range []struct{ asked, want int }{{3, 3}, {1, 3}, {16, 3}} {
			db := openDB(t, Options{URL: url, Shards: c.asked, KeepShards: true})
			if db.shards != c.want {
				t.Errorf("asked for %d: got %d shards, want %d", c.asked, db.shards, c.want)
			}
		}
		service := openShards(t, url, 3)
		service.wantDrained(t, service.append(t, newUserID()))
	})
}

// The release before kept no number: it made as many rows, and left those of a time when there were more.
func TestOutboxOfTheReleaseBeforeHasAsManyShardsAsRowsOrFewer(t *testing.T) {
	t.Parallel()
	onPostgres(t, func(t *testing.T, url domain.Secret) {
		old := openShards(t, url, 4)
		old.append(t, newUserID())
		for _, shards := range []int{4, 2} {
			if _, err := old.db.pool.Exec(t.Context(), "DELETE FROM meta WHERE name = 'outbox shards'"); err != nil {
				t.Fatal(err)
			}
			wantRefused(t, url, 5, "the database has 4")
			openShards(t, url, shards).append(t, newUserID())
		}
	})
}
