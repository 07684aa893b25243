package sqlstore

import (
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/menjin-id/menjin/ports"
)

func TestCountersThatSayNothingAnyMoreAreSwept(t *testing.T) {
	t.Parallel()
	for _, backend := range backends {
		t.Run(backend.name, func(t *testing.T) {
			t.Parallel()
			db, now := openDB(t, Options{URL: backend.url(t)}), stampNow().At
			limiter, attempts := NewLimiter(db), NewAttempts(db)
			for i := range 5 {
				at := now.Add(time.Duration(i) * time.Minute)
				if _, err := limiter.Take(t.Context(), fmt.Sprint(i), ports.Rate{Burst: 1, Per: time.Hour}, at); err != nil {
					t.Fatal(err)
				}
				if _, err := attempts.Try(t.Context(), fmt.Sprint(i), at); err != nil {
					t.Fatal(err)
				}
			}
			for what, archive := range map[string]ports.Archive{"limits": limiter, "tries": attempts} {
				for _, sweep := range []struct {
					before time.Duration
					limit  int
					want   int64
				}{{time.Hour - time.Microsecond, 10, 0}, {time.Hour + 2*time.Minute, 2, 2}, {time.Hour + 2*time.Minute, 2, 1}, {2 * time.Hour, 10, 2}} {
					got, err := archive.Sweep(t.Context(), now.Add(sweep.before), sweep.limit)
					if err != nil || got != sweep.want {
						t.Errorf("%s swept %s later: got %d, error %v, want %d", what, sweep.before, got, err, sweep.want)
					}
				}
			}
		})
	}
}

func TestWhoIsRefusedOnSQLiteWritesNothing(t *testing.T) {
	t.Parallel()
	address := sqliteURL(t)
	path, err := sqlitePath(address)
	if err != nil {
		t.Fatal(err)
	}
	db, now := openDB(t, Options{URL: address}), stampNow().At
	limiter, attempts := NewLimiter(db), NewAttempts(db)
	flood := func() int64 {
		for range 10 {
			_, limitErr := limiter.Take(t.Context(), "key", ports.Rate{Burst: 1, Per: time.Hour}, now)
			_, tryErr := attempts.Try(t.Context(), "key", now)
			if err := errors.Join(limitErr, tryErr); err != nil {
				t.Fatal(err)
			}
		}
		log, err := os.Stat(path + "-wal")
		if err != nil {
			t.Fatal(err)
		}
		return log.Size()
	}
	if before, after := flood(), flood(); after != before {
		t.Errorf("log: got %d bytes after a flood, %d before it, want the same", after, before)
	}
}
