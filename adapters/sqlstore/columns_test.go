package sqlstore

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

// harmless are the columns that hold nothing of a person but ids, and nothing that opens a door: ids, times, versions, states,
// counts and names of the program's own.
var harmless = map[string]string{
	"meta":             "name value",
	"users":            "id status plain version created_at updated_at delete_at",
	"identities":       "id user_id provider app_id linked_at",
	"user_roles":       "user_id role",
	"sessions":         "id user_id app_id created_at last_seen_at idle_until refresh_until expires_at roles refreshed_at user_version",
	"session_fences":   "user_id version roles_version at",
	"outbox_events":    "id event_id type schema_version aggregate_id aggregate_version shard subject occurred_at about",
	"outbox_pending":   "id shard",
	"outbox_shards":    "shard paused backoff_until last_id last_stream_seq stream",
	"outbox_dead":      "id reason attempts first_failed_at last_failed_at resolved_by",
	"outbox_held":      "aggregate_id dead_id held_since",
	"outbox_replays":   "id requested_at from_id to_id type aggregate_id since until destination next_id last_id sent finished_at failure failures not_before",
	"outbox_progress":  "shard turn stream base_id base_seq last_id last_stream_seq",
	"audit_log":        "id at actor action target request_id",
	"signing_keys":     "id kid created_at retires_at",
	"data_keys":        "version master created_at",
	"data_key_work":    "one holder until",
	"rate_limits":      "spent_until wait",
	"attempts":         "tries tried_at wait",
	"inbox":            "received_at",
	"goose_db_version": "id version_id is_applied tstamp",
}

const columnsPage = "../../docs/security/encrypted-columns.md"

// documented reads the table of the page: the protection of each column.
func documented(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile(columnsPage)
	if err != nil {
		t.Fatal(err)
	}
	columns := map[string]string{}
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if len(cells) != 5 || strings.HasPrefix(cells[0], "-") {
			continue
		}
		name := strings.TrimSpace(cells[0]) + "." + strings.TrimSpace(cells[1])
		if _, twice := columns[name]; twice {
			t.Errorf("%s names %s twice", columnsPage, name)
		}
		columns[name] = strings.TrimSpace(cells[3])
	}
	delete(columns, "table.column")
	if len(columns) < 20 {
		t.Fatalf("%s lists %d columns", columnsPage, len(columns))
	}
	return columns
}

// columnsOf asks the database for every column of its tables.
func columnsOf(t *testing.T, db *DB, postgres bool) (names []string) {
	t.Helper()
	query := "SELECT m.name || '.' || c.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'"
	if postgres {
		query = "SELECT table_name || '.' || column_name FROM information_schema.columns WHERE table_schema = current_schema()"
	}
	if err := db.bun.NewRaw(query).Scan(t.Context(), &names); err != nil {
		t.Fatal(err)
	}
	return names
}

func TestEveryColumnIsAccountedFor(t *testing.T) {
	t.Parallel()
	for _, backend := range empties[:2] {
		t.Run(backend.name, func(t *testing.T) {
			t.Parallel()
			address := backend.url(t)
			if err := Migrate(t.Context(), address); err != nil {
				t.Fatal(err)
			}
			found := columnsOf(t, openDB(t, Options{URL: address}), strings.HasPrefix(backend.name, "PostgreSQL"))
			wantAccountedFor(t, found, documented(t))
		})
	}
}

// elsewhere are tables that not every database has: goose's own, and one of PostgreSQL alone.
var elsewhere = []string{"goose_db_version", "outbox_progress"}

func wantAccountedFor(t *testing.T, found []string, protection map[string]string) {
	t.Helper()
	for _, name := range found {
		table, column, _ := strings.Cut(name, ".")
		safe := slices.Contains(strings.Fields(harmless[table]), column)
		if _, listed := protection[name]; listed == safe {
			t.Errorf("%s: on the page %t, harmless %t; want one of the two", name, listed, safe)
		}
	}
	for name := range protection {
		if !slices.Contains(found, name) {
			t.Errorf("%s is on the page and not in the schema", name)
		}
	}
	for table, columns := range harmless {
		for column := range strings.FieldsSeq(columns) {
			if name := table + "." + column; !slices.Contains(elsewhere, table) && !slices.Contains(found, name) {
				t.Errorf("%s is called harmless and not in the schema", name)
			}
		}
	}
}

func TestPageSaysOfEachColumnWhatTheStoresDo(t *testing.T) {
	t.Parallel()
	want := map[string]string{}
	for _, table := range sealedTables {
		for _, field := range table.fields {
			want[fmt.Sprintf("%s.%s_sealed", table.name, field.column)] = "sealed"
			if field.indexed {
				want[fmt.Sprintf("%s.%s_index", table.name, field.column)] = "index"
				want[fmt.Sprintf("%s.%s_index_next", table.name, field.column)] = "index"
			}
		}
	}
	got := documented(t)
	maps.DeleteFunc(got, func(_, protection string) bool { return protection != "sealed" && protection != "index" })
	if !maps.Equal(got, want) {
		t.Errorf("sealed and indexed columns:\n page %v\nstores %v", got, want)
	}
}
