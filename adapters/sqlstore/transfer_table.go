package sqlstore

import (
	"context"
	"encoding/json"
	"errors"
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

// copyTable goes on behind the last row that is there, which is noted in the transaction that brings it.
func (t *transfer) copyTable(ctx context.Context, table transferTable) error {
	after, rows, err := t.progress(ctx, table)
	if err != nil {
		return err
	}
	total, err := t.count(ctx, table)
	for more := true; err == nil && more; {
		var batch [][]any
		if batch, after, err = t.read(ctx, table, after); err != nil || len(batch) == 0 {
			return err
		}
		rows += int64(len(batch))
		err = t.write(ctx, table, batch, transferProgress{after, rows})
		more = len(batch) == transferBatch
		t.tell("copy", table.name, rows, total)
	}
	return err
}

func (t *transfer) count(ctx context.Context, table transferTable) (rows int64, err error) {
	err = t.from.DB.QueryRowContext(ctx, "SELECT count(*) FROM "+quoted(table.name)).Scan(&rows) //nolint:gosec // a quoted name
	return rows, err
}

func (t *transfer) tell(doing, table string, rows, of int64) {
	if t.options.Progress != nil {
		t.options.Progress(TransferProgress{Doing: doing, Table: table, Rows: rows, Of: max(of, rows)})
	}
}

// transferProgress is kept as JSON. A key is one of SQLite's: bytes, text and numbers.
type transferProgress struct {
	After []transferKey
	Rows  int64
}

type transferKey struct {
	Bytes  []byte  `json:",omitempty"`
	Text   *string `json:",omitempty"`
	Number *int64  `json:",omitempty"`
}

func keyFrom(value any) transferKey {
	switch value := value.(type) {
	case int64:
		return transferKey{Number: &value}
	case string:
		return transferKey{Text: &value}
	case []byte:
		return transferKey{Bytes: value}
	}
	return transferKey{}
}

func (k transferKey) value() any {
	switch {
	case k.Number != nil:
		return *k.Number
	case k.Text != nil:
		return *k.Text
	default:
		return k.Bytes
	}
}

func (t *transfer) progress(ctx context.Context, table transferTable) ([]transferKey, int64, error) {
	var text []byte
	err := t.to.QueryRow(ctx, "SELECT value FROM meta WHERE name = $1", transferMark+"of "+table.name).Scan(&text)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, 0, nil
	}
	var progress transferProgress
	if err == nil {
		err = json.Unmarshal(text, &progress)
	}
	return progress.After, progress.Rows, err
}

// read returns the next rows as they are written, and the key of the last.
func (t *transfer) read(ctx context.Context, table transferTable, after []transferKey) (batch [][]any, last []transferKey, err error) {
	var values []any
	condition := ""
	if len(after) > 0 {
		condition = " WHERE (" + join(table.key) + ") > (?" + strings.Repeat(", ?", len(after)-1) + ")"
		for _, key := range after {
			values = append(values, key.value())
		}
	}
	query := table.selection() + condition + " ORDER BY " + join(table.key) + fmt.Sprintf(" LIMIT %d", transferBatch) //nolint:gosec // of quoted names
	found, err := t.from.DB.QueryContext(ctx, query, values...)
	if err != nil {
		return nil, nil, err
	}
	defer found.Close()
	for found.Next() {
		row, err := table.scan(found)
		if err != nil {
			return nil, nil, err
		}
		last = last[:0]
		for _, name := range table.key {
			last = append(last, keyFrom(row[table.place(name)]))
		}
		written, err := t.translate(table, row)
		if err != nil {
			return nil, nil, err
		}
		batch = append(batch, written)
	}
	return batch, last, found.Err()
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

func (t *transfer) write(ctx context.Context, table transferTable, batch [][]any, progress transferProgress) error {
	note, err := json.Marshal(progress)
	if err != nil {
		return err
	}
	return pgx.BeginFunc(ctx, t.to, func(tx pgx.Tx) error {
		if _, err := tx.CopyFrom(ctx, pgx.Identifier{table.name}, table.names(), pgx.CopyFromRows(batch)); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, "INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = $2",
			transferMark+"of "+table.name, note)
		return err
	})
}

func quoted(name string) string { return pgx.Identifier{name}.Sanitize() }

func join(names []string) string {
	list := make([]string, len(names))
	for i, name := range names {
		list[i] = quoted(name)
	}
	return strings.Join(list, ", ")
}
