package bootstrap

import (
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/menjin-id/menjin/adapters/sqlstore"
	"github.com/menjin-id/menjin/adapters/vault"
	"github.com/menjin-id/menjin/internal/testserver/pgtest"
	"github.com/menjin-id/menjin/ports"
)

// onBothDatabases runs a test on SQLite and on PostgreSQL.
func onBothDatabases(t *testing.T, test func(t *testing.T, w *ward)) {
	t.Helper()
	for name, settings := range map[string]func(t *testing.T) map[string]string{
		"SQLite":     func(*testing.T) map[string]string { return nil },
		"PostgreSQL": func(t *testing.T) map[string]string { return map[string]string{"database.url": pgtest.New(t, nil)} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, admit(t, settings(t)))
		})
	}
}

// database opens the ward's database until t ends.
func (w *ward) database(t *testing.T) *sql.DB {
	t.Helper()
	driver, source := "pgx", w.cfg.Database.URL.Reveal()
	if w.cfg.EmbeddedDatabase() {
		driver, source = "sqlite", filepath.Join(w.cfg.DataDir, databaseFile)
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// change runs a statement on the ward's database.
func (w *ward) change(t *testing.T, statement string) {
	t.Helper()
	if _, err := w.database(t).ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

func (w *ward) wantsOfDatabase(t *testing.T, what, name string, verdict verdict, word string) {
	t.Helper()
	wants(t, what, found(t, w.checkDatabase(t.Context()), name), verdict, word)
}

func TestSchemaOfAnotherReleaseIsFound(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, w *ward) {
		w.serve(t)()
		w.wantsOfDatabase(t, "this release's", "migrations", verdictOK, "up to date")
		w.change(t, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, true)")
		w.wantsOfDatabase(t, "a later release's", "migrations", verdictFail, "a later release")
		w.change(t, "DELETE FROM goose_db_version WHERE version_id = 9999")
		if err := sqlstore.MigrateDown(t.Context(), databaseURL(w.cfg)); err != nil {
			t.Fatal(err)
		}
		w.wantsOfDatabase(t, "an earlier release's", "migrations", verdictWarn, "1 step of the schema is pending")
		w.wantsOfDatabase(t, "an earlier release's", "database", verdictOK, "")
		if findings := w.checkDatabase(t.Context()); len(findings) != 2 {
			t.Errorf("got %+v, want nothing read from tables that are not as this release knows them", findings)
		}
	})
}

func TestEmptyDatabaseIsLeftEmpty(t *testing.T) {
	t.Parallel()
	w := admit(t, nil)
	w.wantsOfDatabase(t, "no file", "database", verdictOK, "not there yet")
	if err := os.Mkdir(w.cfg.DataDir, 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(w.cfg.DataDir, databaseFile)
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	w.wantsOfDatabase(t, "empty file", "migrations", verdictWarn, "pending")
	if info, err := os.Stat(path); err != nil || info.Size() != 0 {
		t.Errorf("the empty file: got %v, %v, want it left as it was", info.Size(), err)
	}
}

func TestDamagedDatabaseIsFound(t *testing.T) {
	t.Parallel()
	w := admit(t, nil)
	w.serve(t)()
	w.wantsOfDatabase(t, "whole", "database", verdictOK, "sound")
	file, err := os.OpenFile(filepath.Join(w.cfg.DataDir, databaseFile), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.WriteAt(make([]byte, 64<<10), 8<<10); err != nil {
		t.Fatal(err)
	}
	w.wantsOfDatabase(t, "overwritten", "database", verdictFail, "check the database")
}

func TestKeysThatAreOldOrCannotBeOpenedAreFound(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, w *ward) {
		w.serve(t)()
		for ahead, verdict := range map[time.Duration]verdict{0: verdictOK, 99 * 24 * time.Hour: verdictOK, 101 * 24 * time.Hour: verdictWarn} {
			w.ahead = ahead
			w.wantsOfDatabase(t, "in "+ahead.String(), "keys", verdict, "days old")
		}
		w.ahead = 0
		file := localKeyFile(w.cfg)
		right, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		other, err := vault.Generate()
		if err != nil {
			t.Fatal(err)
		}
		for _, step := range []struct {
			what    string
			content string
			verdict verdict
			word    string
		}{
			{"another key", other.Reveal(), verdictFail, "is not the master key"},
			{"no key", "nonsense", verdictFail, "data_dir"},
			{"the right one", string(right), verdictOK, "opened by the master key"},
		} {
			if err := os.WriteFile(file, []byte(step.content), 0o600); err != nil {
				t.Fatal(err)
			}
			w.wantsOfDatabase(t, step.what, "keys", step.verdict, step.word)
		}
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
		w.wantsOfDatabase(t, "file gone", "keys", verdictFail, "is not there")
		if exists(file) {
			t.Error("doctor has made a new master key")
		}
	})
}

func TestNothingIsMadeByLooking(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, w *ward) {
		if err := sqlstore.Migrate(t.Context(), databaseURL(w.cfg)); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			w.wantsOfDatabase(t, "before the first start", "keys", verdictOK, "none yet")
			w.wantsOfDatabase(t, "before the first start", "outbox", verdictOK, "0 events")
		}
		var shards int
		if err := w.database(t).QueryRowContext(t.Context(), "SELECT count(*) FROM outbox_shards").Scan(&shards); err != nil || shards != 0 {
			t.Errorf("doctor has made %d shards (%v), want none", shards, err)
		}
		if exists(localKeyFile(w.cfg)) {
			t.Error("doctor has made a master key")
		}
	})
}

func TestPostgresThatOnlyLetsReadIsExamined(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t, nil)
	w := admit(t, map[string]string{"database.url": url})
	w.serve(t)()
	for _, parameter := range []string{"default_transaction_read_only=on", "role=pg_read_all_data"} {
		reader := admit(t, map[string]string{"database.url": url + "&" + parameter, "data_dir": w.cfg.DataDir})
		for name, word := range map[string]string{"database": "PostgreSQL", "migrations": "up to date", "keys": "opened by the master key", "outbox": "events wait"} {
			reader.wantsOfDatabase(t, parameter, name, verdictOK, word)
		}
	}
}

func TestSQLiteIsExaminedBesideAWriterThatDoesNotEnd(t *testing.T) {
	t.Parallel()
	w := admit(t, nil)
	w.serve(t)()
	conn, err := w.database(t).Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.ExecContext(t.Context(), "BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	w.wantsOfDatabase(t, "locked", "keys", verdictOK, "opened by the master key")
	w.wantsOfDatabase(t, "locked", "outbox", verdictOK, "events wait")
}

func TestAdviceOnStoresThatCannotBeReadIsThatOfTheirDatabase(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, w *ward) {
		word := "grant the account"
		if w.cfg.EmbeddedDatabase() {
			word = "as the service's account"
		}
		w.serve(t)()
		w.change(t, "ALTER TABLE data_keys RENAME TO elsewhere")
		got := found(t, w.checkDatabase(t.Context()), "keys")
		if wants(t, "no table", got, verdictFail, "data_keys"); !strings.Contains(got.Advice, word) {
			t.Errorf("advice: got %q, want %q in it", got.Advice, word)
		}
	})
}

func TestEachKeyThatIsOldIsNamed(t *testing.T) {
	t.Parallel()
	now := time.Date(2040, 1, 2, 3, 4, 5, 0, time.UTC)
	young, old := now.Add(-24*time.Hour), now.Add(-101*24*time.Hour)
	for word, made := range map[string][3]time.Time{
		"the key that signs access tokens is 101": {old, young, young},
		"the key of encrypted fields is 101":      {young, old, young},
		"the key of indexes is 101":               {young, young, old},
	} {
		plan := ports.DataKeyPlan{Fields: []ports.FieldKey{{MadeAt: old}, {MadeAt: made[1]}}, IndexAt: made[2]}
		signing := []ports.SigningKey{{CreatedAt: made[0]}, {CreatedAt: old}}
		wants(t, word, judgeKeys(signing, plan, now), verdictWarn, word)
	}
	plan := ports.DataKeyPlan{Fields: []ports.FieldKey{{MadeAt: young}}, IndexAt: young}
	wants(t, "all young", judgeKeys(nil, plan, now), verdictOK, "1 days old")
}
