package sqlstore

import (
	"fmt"
	"time"

	"github.com/menjin-id/menjin/domain"
)

// translate returns a row of SQLite's as PostgreSQL has it, with the shard that the event has there.
func (t *transfer) translate(table transferTable, row []any) ([]any, error) {
	written := make([]any, len(table.columns))
	for i, column := range table.columns {
		value, err := translateValue(column.kind, row[i])
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", column.name, err)
		}
		written[i] = value
	}
	user := row[len(table.columns)]
	switch table.name {
	case "outbox_events":
		user = row[table.place("aggregate_id")]
	case "outbox_pending":
	default:
		return written, nil
	}
	id, ok := user.([]byte)
	if !ok || len(id) != len(domain.ID{}) {
		return nil, errColumn
	}
	written[table.place("shard")] = int64(shardOf(domain.UserID{ID: domain.ID(id)}, t.options.Shards))
	return written, nil
}

func translateValue(kind string, value any) (any, error) {
	if value == nil {
		return nil, nil
	}
	switch value := value.(type) {
	case int64:
		switch kind {
		case "timestamp with time zone":
			return time.UnixMicro(value).UTC(), nil
		case "boolean":
			return value != 0, nil
		case "bigint", "integer", "smallint":
			return value, nil
		}
	case []byte:
		if kind == "uuid" && len(value) == len(domain.ID{}) {
			return [16]byte(value), nil
		}
		if kind == "bytea" {
			return value, nil
		}
	case string:
		if kind == "text" {
			return value, nil
		}
	}
	return nil, fmt.Errorf("a %T where PostgreSQL has %s", value, kind)
}
