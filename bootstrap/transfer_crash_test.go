package bootstrap_test

import (
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/menjin-id/menjin/internal/testserver/pgtest"
)

// crowded are the tables that are filled for a transfer to be killed in, in the order in which it copies them, with what is
// compared of them: of SQLite's, and of PostgreSQL's.
var crowded = []struct {
	name, fill, ours, theirs string
	cutOff                   []func(*testing.T, *program, *pgx.Conn)
}{
	{
		"users", `INSERT INTO users (id, nickname, avatar_url, status, version, created_at, updated_at)
SELECT randomblob(16), 'planted ' || n, '', 1, 1, n, n`,
		`lower(hex(id)) || nickname || updated_at`, `replace(id::text, '-', '') || nickname || (extract(epoch FROM updated_at) * 1000000)::bigint`,
		[]func(*testing.T, *program, *pgx.Conn){killed, killed},
	},
	{
		"outbox_events", `INSERT INTO outbox_events (event_id, type, schema_version, aggregate_id, aggregate_version, shard, subject, occurred_at, data, headers)
SELECT randomblob(16), 'planted', 1, randomblob(16), 1, 0, 's', 1, '{"n":' || n || '}', '{}'`,
		`id || lower(hex(event_id)) || data`, `id || replace(event_id::text, '-', '') || data`,
		[]func(*testing.T, *program, *pgx.Conn){disconnected},
	},
	{
		"sessions", `INSERT INTO sessions (user_id, id, app_id, device_id, device_model, device_platform, device_system, ip, refresh_hash,
created_at, last_seen_at, idle_until, refresh_until, expires_at)
SELECT randomblob(16), randomblob(16), '', '', '', '', '', '', randomblob(32), n, n, 9e15, 9e15, 9e15`,
		`lower(hex(user_id)) || lower(hex(id)) || lower(hex(refresh_hash))`,
		`replace(user_id::text, '-', '') || replace(id::text, '-', '') || encode(refresh_hash, 'hex')`,
		[]func(*testing.T, *program, *pgx.Conn){killed, stopped},
	},
}

const crowdedRows = 3000 // six batches

func fill(t *testing.T, folder string, names ...string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(folder, "menjin.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	for _, table := range crowded {
		const many = ` FROM (WITH RECURSIVE k (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM k WHERE n < ?) SELECT n FROM k)`
		if !slices.Contains(names, table.name) {
			continue
		}
		if _, err := db.ExecContext(t.Context(), table.fill+many, crowdedRows); err != nil {
			t.Fatal(err)
		}
	}
	return db
}

// transferred is how many rows of a table the target notes as copied, which must be how many there are.
func transferred(t *testing.T, conn *pgx.Conn, table string) int64 {
	t.Helper()
	var note []byte
	var rows int64
	err := conn.QueryRow(t.Context(), `SELECT coalesce((SELECT value FROM meta WHERE name = 'transfer of '||$1), '{}'), count(*) FROM `+table, table).
		Scan(&note, &rows)
	var progress struct{ Rows int64 }
	if err == nil {
		err = json.Unmarshal(note, &progress)
	}
	if err != nil || progress.Rows != rows {
		t.Fatalf("%s: %d rows are noted and %d there, %v", table, progress.Rows, rows, err)
	}
	return rows
}

func TestTransferKilledInTheMiddleOfTablesGoesOn(t *testing.T) {
	t.Parallel()
	random := seeded(t)
	w := startWeChat(t)
	old := local(t).with(w.settings())
	one, _, _ := settled(t, old, w)
	db := fill(t, old["data_dir"], "users", "outbox_events", "sessions")
	target := old.with(settings{"database.url": pgtest.New(t, nil), "events.shards": "4"})
	says(t, target, []string{"migrate", "up"})
	conn, err := pgx.Connect(t.Context(), target["database.url"])
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())

	mustExec(t, conn, `ALTER TABLE user_roles ADD CONSTRAINT nothing CHECK (false)`) // no run ends before it is cut off
	inside := 0
	for _, table := range crowded {
		for i, cutOff := range table.cutOff {
			const room = crowdedRows * 2 / 5
			moment := int64(i*room) + random.Int64N(room)
			p := launch(t, target, "transfer")
			eventually(t, "rows of "+table.name+" are there", func() bool {
				atWork := p.log.String() != "" // rows of the run before may be more
				return p.hasEnded() || atWork && transferred(t, conn, table.name) > moment
			})
			cutOff(t, p, conn)
			rows := transferred(t, conn, table.name)
			t.Logf("cut off at %d of %d rows of %s", rows, crowdedRows, table.name)
			if 0 < rows && rows < crowdedRows {
				inside++
			}
		}
	}
	if inside == 0 {
		t.Error("no run was cut off inside a table")
	}
	mustExec(t, conn, `ALTER TABLE user_roles DROP CONSTRAINT nothing`)
	killedWhileItCompares(t, conn, target)
	says(t, target, []string{"transfer", "--json"}, `"sessions"`)
	for _, table := range crowded {
		if digestOf(t, db, table.ours, table.name) != digestOfPostgres(t, conn, table.theirs, table.name) {
			t.Errorf("%s: what PostgreSQL has is not what SQLite had", table.name)
		}
	}
	mustExec(t, conn, `UPDATE users SET nickname = 'another' WHERE id = (SELECT min(id::text)::uuid FROM users)`)
	if status, _, log := run(t, target, "transfer", "--verify"); status != 2 || !strings.Contains(log, "compare users") {
		t.Errorf("verify with a row that differs: got status %d, want 2 and its table\n%s", status, log)
	}
	start(t, target).refresh(one.RefreshToken)
}

// seeded is a source of moments that a failure lets one repeat.
func seeded(t *testing.T) *rand.Rand {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// killed ends a run as a crash of its machine would.
func killed(_ *testing.T, p *program, _ *pgx.Conn) { p.kill() }

// stopped asks a run to end.
func stopped(t *testing.T, p *program, _ *pgx.Conn) {
	t.Helper()
	p.terminate()
	goesOnLater(t, p)
}

// disconnected has PostgreSQL end the connection.
func disconnected(t *testing.T, p *program, conn *pgx.Conn) {
	t.Helper()
	mustExec(t, conn, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`)
	goesOnLater(t, p)
}

func goesOnLater(t *testing.T, p *program) {
	t.Helper()
	status, log := p.status(), p.log.String()
	if strings.Contains(log, "copy user_roles") {
		return // it was quicker, and came to what it may not copy
	}
	if status != 1 || !strings.Contains(log, "run it again, it goes on where it was") {
		t.Errorf("transfer cut off: got status %d, want 1 and what to do\n%s", status, log)
	}
}

// killedWhileItCompares kills a run once all rows are copied, and with them the position in the stream. One of those it compares
// is locked, so that it does not get to the end.
func killedWhileItCompares(t *testing.T, conn *pgx.Conn, target settings) {
	t.Helper()
	mustExec(t, conn, `BEGIN`)
	mustExec(t, conn, `LOCK TABLE attempts IN ACCESS EXCLUSIVE MODE`)
	p := launch(t, target, "transfer")
	eventually(t, "all is copied", func() bool {
		var copied bool
		err := conn.QueryRow(t.Context(), `SELECT count(*) = 4 FROM outbox_shards`).Scan(&copied)
		return copied || err != nil || p.hasEnded()
	})
	if p.hasEnded() {
		t.Errorf("transfer ended before it compared:\n%s", p.log.String())
	}
	p.kill()
	mustExec(t, conn, `ROLLBACK`)
}

func digestOf(t *testing.T, db *sql.DB, value, table string) (sum [sha256.Size]byte) {
	t.Helper()
	found, err := db.QueryContext(t.Context(), "SELECT "+value+" FROM "+table)
	if err != nil {
		t.Fatal(err)
	}
	defer found.Close()
	var lines []string
	for found.Next() {
		var line string
		if err := found.Scan(&line); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	return digestOfLines(t, lines)
}

func digestOfPostgres(t *testing.T, conn *pgx.Conn, value, table string) (sum [sha256.Size]byte) {
	t.Helper()
	found, err := conn.Query(t.Context(), "SELECT "+value+" FROM "+table)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := pgx.CollectRows(found, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return digestOfLines(t, lines)
}

func digestOfLines(t *testing.T, lines []string) [sha256.Size]byte {
	t.Helper()
	if len(lines) < crowdedRows {
		t.Errorf("%d rows, want %d at least", len(lines), crowdedRows)
	}
	slices.Sort(lines)
	return sha256.Sum256([]byte(strings.Join(lines, "\n")))
}
