// Package pgtest gives tests databases of their own on a real PostgreSQL server.
//
// The server is started once per test process, from the programs installed on the machine, and ends with it;
// MENJIN_TEST_DATABASE_URL names one to use instead, as a user who may create databases. Without either the test
// is skipped, or fails under MENJIN_TEST_REQUIRE=all.
package pgtest

import (
	"context"
	"os"
	"sync"
	"testing"

	"github.com/menjin-id/menjin/internal/testserver"
)

// Migrate fills the empty database at url. It must have closed its connections when it returns.
type Migrate func(ctx context.Context, url string) error

// New returns the URL of a database that belongs to tb alone and is dropped after it. What migrate makes of an
// empty database is made once per process and copied from then on, so migrate must be a plain function and no
// closure over something that differs between tests. A nil migrate leaves the database empty.
func New(tb testing.TB, migrate Migrate) string {
	tb.Helper()
	testserver.SkipShort(tb)
	c, err := sharedCluster()
	if err != nil {
		tb.Fatal(err)
	}
	if c == nil {
		testserver.Missing(tb, "PostgreSQL", "postgresql")
	}
	name, err := c.create(tb.Context(), migrate)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := c.drop(ctx, name); err != nil {
			tb.Error(err)
		}
	})
	return c.url(name)
}

// sharedCluster is nil where PostgreSQL is not installed. Nobody stops the server: it ends with the process.
var sharedCluster = sync.OnceValues(func() (*cluster, error) {
	if url := os.Getenv("MENJIN_TEST_DATABASE_URL"); url != "" {
		return foreignCluster(url)
	}
	programs, found := find()
	if !found {
		return nil, nil
	}
	c, dir, err := initCluster(programs)
	if err != nil {
		return nil, err
	}
	if _, err := testserver.Run(programs.spec(dir), c.answers); err != nil {
		return nil, err
	}
	return c, nil
})
