package sqlstore

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/internal/testserver/pgtest"
)

// empties are databases that nothing has migrated yet.
var empties = []backend{
	{"SQLite", func(tb testing.TB) domain.Secret { return domain.NewSecret(filepath.Join(tb.TempDir(), "menjin.db")) }},
	{"PostgreSQL", func(tb testing.TB) domain.Secret { return domain.NewSecret(pgtest.New(tb, nil)) }},
	{"PostgreSQL by simple protocol", func(tb testing.TB) domain.Secret {
		return withParameter(tb, domain.NewSecret(pgtest.New(tb, nil)), "default_query_exec_mode", "simple_protocol")
	}},
}

// steps is how many there are.
func steps(t *testing.T) int {
	t.Helper()
	entries, err := migrations.ReadDir("migrations/postgres")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// migrateDownTo leaves as many steps.
func migrateDownTo(t *testing.T, address domain.Secret, left int) {
	t.Helper()
	for range steps(t) - left {
		if err := MigrateDown(t.Context(), address); err != nil {
			t.Fatal(err)
		}
	}
	wantApplied(t, address, left)
}

func TestReplicasThatStartAtOnceAllFindTheSchema(t *testing.T) {
	t.Parallel()
	for _, backend := range empties {
		t.Run(backend.name, func(t *testing.T) {
			t.Parallel()
			address := backend.url(t)
			var errs [5]error
			var starting sync.WaitGroup
			for i := range errs {
				starting.Go(func() { errs[i] = Migrate(t.Context(), address) })
			}
			starting.Wait()
			if err := errors.Join(errs[:]...); err != nil {
				t.Fatalf("migrate: %v", err)
			}
			register(t, openDB(t, Options{URL: address}))
		})
	}
}

func TestSchemaGoesDownAndUpAgain(t *testing.T) {
	t.Parallel()
	for _, backend := range empties {
		t.Run(backend.name, func(t *testing.T) {
			t.Parallel()
			address := backend.url(t)
			wantApplied(t, address, 0)
			if err := Migrate(t.Context(), address); err != nil {
				t.Fatal(err)
			}
			all := steps(t)
			wantApplied(t, address, all)
			for taken := range all + 1 { // the last finds nothing to take back
				if err := MigrateDown(t.Context(), address); err != nil {
					t.Fatal(err)
				}
				wantApplied(t, address, max(all-taken-1, 0))
			}
			if err := Migrate(t.Context(), address); err != nil {
				t.Fatal(err)
			}
			wantApplied(t, address, all)
		})
	}
}

func wantApplied(t *testing.T, address domain.Secret, want int) {
	t.Helper()
	steps, err := MigrationStatus(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	applied := 0
	for _, step := range steps {
		if !step.AppliedAt.IsZero() {
			applied++
		}
	}
	if applied != want || len(steps) == 0 {
		t.Errorf("steps applied: got %d of %d, want %d", applied, len(steps), want)
	}
}

func TestBothDatabasesHaveTheSameSteps(t *testing.T) {
	t.Parallel()
	var names [2][]string
	for i, folder := range []string{"postgres", "sqlite"} {
		entries, err := migrations.ReadDir("migrations/" + folder)
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range entries {
			names[i] = append(names[i], entry.Name())
		}
	}
	if got, want := strings.Join(names[1], " "), strings.Join(names[0], " "); got != want {
		t.Errorf("steps for SQLite: got %s, want those for PostgreSQL, %s", got, want)
	}
}

func TestSQLiteFileIsForItsOwnerAlone(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "new")
	path := filepath.Join(folder, "menjin.db")
	if err := Migrate(t.Context(), domain.NewSecret(path)); err != nil {
		t.Fatal(err)
	}
	register(t, openDB(t, Options{URL: domain.NewSecret(path)}))
	for name, want := range map[string]os.FileMode{folder: 0o700, path: 0o600, path + "-wal": 0o600, path + "-shm": 0o600} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("mode of %s: got %o, want %o", filepath.Base(name), got, want)
		}
	}
}
