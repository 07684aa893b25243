package sqlstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// transferBatch is how many rows are copied in one transaction, and at most twice after a crash.
const transferBatch = 500

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

// copyPosition lets every shard go on where the one of SQLite was, and the next event have the next id.
func (t *transfer) copyPosition(ctx context.Context) error {
	var paused bool
	var sequence, next int64
	var stream string
	err := t.from.QueryRowContext(ctx, "SELECT paused, last_stream_seq, stream FROM outbox_shards WHERE shard = 0").
		Scan(&paused, &sequence, &stream)
	if err != nil {
		return err
	}
	err = t.from.QueryRowContext(ctx, "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'outbox_events'), 0)").Scan(&next)
	if err != nil {
		return err
	}
	_, err = t.to.Exec(ctx, `INSERT INTO outbox_shards (shard, paused, last_stream_seq, stream)
SELECT n, $2, $3, $4 FROM generate_series(0, $1::int - 1) AS n
ON CONFLICT (shard) DO UPDATE SET paused = $2, last_stream_seq = $3, stream = $4`, t.options.Shards, paused, sequence, stream)
	if err != nil || next == 0 {
		return err
	}
	_, err = t.to.Exec(ctx, "SELECT setval(pg_get_serial_sequence('outbox_events', 'id'), $1)", next)
	return err
}
