package redistest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// leaseTime is longer than any test lasts; it frees the databases of a test process that was killed.
const leaseTime = 30 * time.Minute

// patience is how long a test waits for the others to give back a database.
const patience = 2 * time.Minute

// lease takes a database number that no other test holds, in this process or another, and returns its URL. Who
// holds which is noted in database 0.
func lease(tb testing.TB, url string) string {
	tb.Helper()
	options, err := redis.ParseURL(url)
	if err != nil {
		tb.Fatal("MENJIN_TEST_REDIS_URL is no redis:// URL") // the parser's own text would show the password
	}
	options.DB = 0
	books := redis.NewClient(options)
	tb.Cleanup(func() { _ = books.Close() })

	db, err := freeDatabase(tb.Context(), books)
	if err != nil {
		tb.Fatal(err)
	}
	own := *options
	own.DB = db
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := errors.Join(flush(ctx, &own), books.Del(ctx, leaseKey(db)).Err()); err != nil {
			tb.Errorf("give back redis database %d: %v", db, err)
		}
	})
	if err := flush(tb.Context(), &own); err != nil {
		tb.Fatal(err)
	}
	return withDatabase(tb, url, db)
}

func leaseKey(db int) string { return "menjin-test:database:" + strconv.Itoa(db) }

// freeDatabase waits a while for one when all are taken: a server that is not ours has only 16.
func freeDatabase(ctx context.Context, books *redis.Client) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	databases := 16
	if answer, err := books.ConfigGet(ctx, "databases").Result(); err == nil { // a managed server may forbid it
		databases, _ = strconv.Atoi(answer["databases"])
	}
	if databases < 2 {
		return 0, errors.New("lease a redis database: the server has only one")
	}
	for {
		turn, err := books.Incr(ctx, "menjin-test:turn").Result()
		if err != nil {
			return 0, fmt.Errorf("lease a redis database: %w", err)
		}
		db := 1 + int(turn)%(databases-1)
		taken, err := books.SetNX(ctx, leaseKey(db), os.Getpid(), leaseTime).Result()
		if err != nil {
			return 0, fmt.Errorf("lease a redis database: %w", err)
		}
		if taken {
			return db, nil
		}
		if db == 1 { // once round: let a test end before the next look
			select {
			case <-ctx.Done():
				return 0, fmt.Errorf("lease a redis database: all %d are taken: %w", databases-1, ctx.Err())
			case <-time.After(20 * time.Millisecond):
			}
		}
	}
}

func flush(ctx context.Context, options *redis.Options) error {
	client := redis.NewClient(options)
	return errors.Join(client.FlushDB(ctx).Err(), client.Close())
}
