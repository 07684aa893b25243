package sqlstore

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// transferTable is a table as PostgreSQL describes it; SQLite's has the same columns.
type transferTable struct {
	name    string
	columns []transferColumn
	key     []string // in the order of the primary key
}

type transferColumn struct{ name, kind string }

// owner is selected beside a row whose shard follows from whom its event is about.
const owner = "(SELECT e.aggregate_id FROM outbox_events e WHERE e.id = t.id)"

// notTransferred are tables of the migrations, of what is at work, and those that copyPosition sees to.
var notTransferred = []string{"goose_db_version", "data_key_work", "outbox_shards", "outbox_progress"}

// withSessions are tables that a Redis takes the place of.
var withSessions = []string{"sessions", "session_fences", "rate_limits", "attempts"}

func (t *transfer) wanted(table string) bool {
	return !slices.Contains(notTransferred, table) && (t.options.Sessions == nil || !slices.Contains(withSessions, table))
}

// tables reads what there is from the schema, so that a table that a later release adds is copied too. Users come first, as
// others refer to them.
func (t *transfer) tables(ctx context.Context) ([]transferTable, error) {
	found, err := t.to.Query(ctx, `SELECT c.table_name, c.column_name, c.data_type FROM information_schema.columns c
JOIN information_schema.tables t USING (table_schema, table_name)
WHERE c.table_schema = current_schema() AND t.table_type = 'BASE TABLE'
ORDER BY c.table_name <> 'users', c.table_name, c.ordinal_position`)
	if err != nil {
		return nil, err
	}
	var tables []transferTable
	var name, column, kind string
	_, err = pgx.ForEachRow(found, []any{&name, &column, &kind}, func() error {
		if !t.wanted(name) {
			return nil
		}
		if len(tables) == 0 || tables[len(tables)-1].name != name {
			tables = append(tables, transferTable{name: name})
		}
		last := &tables[len(tables)-1]
		last.columns = append(last.columns, transferColumn{column, kind})
		return nil
	})
	for i := range tables {
		if err == nil {
			err = t.readKey(ctx, &tables[i])
		}
	}
	return tables, err
}

func (t *transfer) readKey(ctx context.Context, table *transferTable) error {
	found, err := t.to.Query(ctx, `SELECT a.attname::text FROM pg_index i
CROSS JOIN unnest(i.indkey) WITH ORDINALITY AS k (attnum, place)
JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
WHERE i.indrelid = $1::text::regclass AND i.indisprimary ORDER BY k.place`, quoted(table.name))
	if err != nil {
		return err
	}
	table.key, err = pgx.CollectRows(found, pgx.RowTo[string])
	if err == nil && len(table.key) == 0 {
		err = fmt.Errorf("%s has no primary key", table.name)
	}
	return err
}

// selection ends with the owner, which is null where nothing depends on it.
func (table transferTable) selection() string {
	from := "null"
	if table.name == "outbox_pending" {
		from = owner
	}
	return "SELECT " + join(table.names()) + ", " + from + " FROM " + quoted(table.name) + " AS t"
}

func (table transferTable) names() []string {
	names := make([]string, len(table.columns))
	for i, column := range table.columns {
		names[i] = column.name
	}
	return names
}

func (table transferTable) place(name string) int { return slices.Index(table.names(), name) }

func (table transferTable) scan(from rows) ([]any, error) {
	row := make([]any, len(table.columns)+1)
	into := make([]any, len(row))
	for i := range row {
		into[i] = &row[i]
	}
	return row, from.Scan(into...)
}

func quoted(name string) string { return pgx.Identifier{name}.Sanitize() }

func join(names []string) string {
	list := make([]string, len(names))
	for i, name := range names {
		list[i] = quoted(name)
	}
	return strings.Join(list, ", ")
}
