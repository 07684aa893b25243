package bootstrap_test

import (
	"database/sql"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5"
	_ "modernc.org/sqlite"

	"github.com/menjin-id/menjin/internal/testserver/natstest"
	"github.com/menjin-id/menjin/internal/testserver/pgtest"
	"github.com/menjin-id/menjin/internal/testserver/redistest"
)

// settled is an embedded installation that people have used and that has ended.
func settled(t *testing.T, s settings, w *weChat) (alice, root signIn, events int) {
	t.Helper()
	p := start(t, s)
	root = p.administrator(t, "root")
	alice = p.populate(w)
	p.expect(http.MethodPost, "/api/logout/all", p.login(w.code("leaver")).Token, nil, http.StatusOK, "")
	events = len(p.drained(w))
	p.terminate()
	if status := p.status(); status != 0 {
		t.Fatalf("the embedded service ended with status %d", status)
	}
	return alice, root, events
}

// plant leaves an event dead and its user held, and one that waits.
func plant(t *testing.T, folder string) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(folder, "menjin.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, statement := range []string{
		`INSERT INTO outbox_dead (id, reason, attempts, first_failed_at, last_failed_at) SELECT min(id), 'planted', 1, 1, 2 FROM outbox_events`,
		`INSERT INTO outbox_held (aggregate_id, dead_id, held_since) SELECT aggregate_id, id, 3 FROM outbox_events ORDER BY id LIMIT 1`,
		`INSERT INTO outbox_pending (shard, id) SELECT shard, max(id) FROM outbox_events`,
		`INSERT INTO inbox (digest, received_at) VALUES (x'00ff', 1790000000000000)`,
	} {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTransferMovesEverybodyToPostgreSQL(t *testing.T) {
	t.Parallel()
	for name, more := range map[string]func(*testing.T) settings{
		"sessions in PostgreSQL": func(*testing.T) settings { return settings{} },
		"sessions in Redis":      func(t *testing.T) settings { t.Helper(); return settings{"sessions.url": redistest.URL(t)} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := startWeChat(t)
			old := local(t).with(w.settings())
			alice, root, events := settled(t, old, w)
			target := old.with(settings{
				"database.url": pgtest.New(t, nil), "events.url": natstest.URL(t), "events.shards": "4",
			}).with(more(t))
			says(t, target, []string{"transfer", "--from", old["data_dir"]}, "users", "outbox_events", "everything is there")
			says(t, target, []string{"transfer", "--verify", "--from", old["data_dir"]}, "users", "everything is there still")
			p := start(t, target)
			p.check(alice.Token, http.StatusNoContent, "")
			again := p.refresh(alice.RefreshToken)
			p.expect(http.MethodPost, "/api/logout/all", again.Token, nil, http.StatusOK, "")
			if status, _, log := run(t, target, "transfer"); status != 1 {
				t.Errorf("transfer into a database with rows: got status %d, want 1\n%s", status, log)
			}
			p.check(alice.Token, http.StatusUnauthorized, "SESSION_ENDED") // no session comes back to life
			p.expect(http.MethodGet, "/api/admin/users", root.Token, nil, http.StatusOK, "")
			if in := p.login(w.code("alice")); in.IsNewUser {
				t.Error("alice is registered a second time")
			}
			p.passwordLogin("root")
			p.login(w.code("newcomer"))
			readEvents(t, p.events, func(got []event) bool { return len(got) > events }) // the old ones, and the newcomer's
		})
	}
}

func TestTransferBrokenOffGoesOnAndKeepsTheServiceAway(t *testing.T) {
	t.Parallel()
	w := startWeChat(t)
	old := local(t).with(w.settings())
	settled(t, old, w)
	plant(t, old["data_dir"])
	target := old.with(settings{"database.url": pgtest.New(t, nil), "events.shards": "4"})
	conn, err := pgx.Connect(t.Context(), target["database.url"])
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	says(t, target, []string{"migrate", "up"})
	// Nothing can be written to the last table but one: the run ends in the middle.
	mustExec(t, conn, `ALTER TABLE signing_keys ADD CONSTRAINT nothing CHECK (false)`)
	if status, _, log := run(t, target, "transfer"); status != 1 {
		t.Fatalf("transfer into a table that takes nothing: got status %d, want 1\n%s", status, log)
	}
	if status, _, log := run(t, target, "serve"); status != 1 {
		t.Errorf("serve on half of the rows: got status %d, want 1\n%s", status, log)
	}
	mustExec(t, conn, `ALTER TABLE signing_keys DROP CONSTRAINT nothing`)
	says(t, target, []string{"transfer", "--json"}, `"outbox_dead"`, `"outbox_held"`, `"inbox"`)

	var misplaced, waiting, next, last int64
	err = conn.QueryRow(t.Context(), `SELECT
(SELECT count(*) FROM outbox_pending p JOIN outbox_events e USING (id) WHERE p.shard <> e.shard OR e.shard > 3),
(SELECT count(*) FROM outbox_pending), nextval(pg_get_serial_sequence('outbox_events', 'id')), (SELECT max(id) FROM outbox_events)`).
		Scan(&misplaced, &waiting, &next, &last)
	if err != nil || misplaced != 0 || waiting != 1 || next != last+1 {
		t.Errorf("outbox: got %d misplaced, %d waiting, next id %d after %d (%v); want 0, 1 and the one after", misplaced, waiting, next, last, err)
	}
}

func mustExec(t *testing.T, conn *pgx.Conn, statement string) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

func TestTransferWantsTheMasterKeyAndNoServiceAtWork(t *testing.T) {
	t.Parallel()
	w := startWeChat(t)
	old := local(t).with(w.settings())
	p := start(t, old)
	target := old.with(settings{"database.url": pgtest.New(t, nil)})
	if status, _, log := run(t, target, "transfer"); status != 1 {
		t.Errorf("transfer beside the service: got status %d, want 1\n%s", status, log)
	}
	p.terminate()
	p.status()
	elsewhere := target.with(settings{"data_dir": filepath.Join(t.TempDir(), "new")})
	if status, _, log := run(t, elsewhere, "transfer", "--from", old["data_dir"]); status != 1 {
		t.Errorf("transfer without the master key: got status %d, want 1\n%s", status, log)
	}
	if _, err := os.Stat(elsewhere["data_dir"]); err == nil {
		t.Error("a new key was made for old data")
	}
}
