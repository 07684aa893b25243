package pgtest_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/menjin-id/menjin/internal/testserver/pgtest"
)

var migrations atomic.Int32

func migrate(ctx context.Context, url string) error {
	migrations.Add(1)
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, "CREATE TABLE gate (name text)")
	return errors.Join(err, conn.Close(ctx))
}

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func insert(t *testing.T, url string) {
	t.Helper()
	if _, err := connect(t, url).Exec(t.Context(), "INSERT INTO gate VALUES ('south')"); err != nil {
		t.Fatal(err)
	}
}

func count(t *testing.T, url string) int {
	t.Helper()
	var n int
	if err := connect(t, url).QueryRow(t.Context(), "SELECT count(*) FROM gate").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestEachTestHasItsOwnCopyOfOneMigratedDatabase(t *testing.T) {
	t.Parallel()
	first, second := pgtest.New(t, migrate), pgtest.New(t, migrate)
	insert(t, first)
	if got := count(t, second); got != 0 {
		t.Errorf("rows in the second database: got %d, want 0", got)
	}
	if got := migrations.Load(); got > 2 { // the other test of this file migrates its own server
		t.Errorf("migrations: got %d, want one per server", got)
	}
}

func TestDatabaseIsDroppedAfterItsTest(t *testing.T) {
	t.Parallel()
	var url string
	t.Run("inner", func(t *testing.T) { url = pgtest.New(t, nil) })
	if url == "" {
		t.Skip("the inner test was skipped")
	}
	if conn, err := pgx.Connect(t.Context(), url); err == nil {
		_ = conn.Close(t.Context())
		t.Error("database is still there")
	}
}

func TestServerKeepsAddressAndDataOverStopAndKill(t *testing.T) {
	t.Parallel()
	server := pgtest.NewServer(t)
	url := server.Database(migrate)
	for _, end := range []func(){server.Stop, server.Kill} {
		insert(t, url)
		end()
		if _, err := pgx.Connect(t.Context(), url); err == nil {
			t.Error("connected to a server that is down")
		}
		server.Start()
	}
	if got, want := count(t, url), 2; got != want {
		t.Errorf("rows after two restarts: got %d, want %d", got, want)
	}
}
