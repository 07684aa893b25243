package sqlstore

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"
)

// compare reads both tables from beginning to end.
func (t *transfer) compare(ctx context.Context, table transferTable) (Transferred, error) {
	var source, target digest
	total, err := t.count(ctx, table)
	if err != nil {
		return Transferred{}, err
	}
	var after []transferKey
	for {
		batch, last, err := t.read(ctx, table, after)
		if err != nil {
			return Transferred{}, err
		}
		for _, row := range batch {
			source.add(row)
		}
		t.tell("compare", table.name, source.rows, total)
		if after = last; len(batch) < transferBatch {
			break
		}
	}
	condition := ""
	if table.name == "meta" {
		condition = " WHERE name NOT LIKE '" + transferMark + "%' AND name <> 'outbox shards'"
	}
	found, err := t.to.Query(ctx, "SELECT "+join(table.names())+" FROM "+quoted(table.name)+condition)
	if err != nil {
		return Transferred{}, err
	}
	defer found.Close()
	for found.Next() {
		row, err := found.Values()
		if err != nil {
			return Transferred{}, err
		}
		target.add(row)
	}
	if err := found.Err(); err != nil {
		return Transferred{}, err
	}
	if source != target {
		return Transferred{}, fmt.Errorf("%w (%d in the source, %d in the target)", ErrDiffers, source.rows, target.rows)
	}
	return Transferred{table.name, source.rows, hex.EncodeToString(source.sum[:])}, nil
}

// digest is the same in whatever order rows come.
type digest struct {
	rows int64
	sum  [sha256.Size]byte
}

func (d *digest) add(row []any) {
	text := []byte{}
	for _, value := range row {
		text = append(text, canonical(value)...)
		text = append(text, 0x1f)
	}
	one := sha256.Sum256(text)
	for i, carry := len(one)-1, 0; i >= 0; i-- {
		carry += int(one[i]) + int(d.sum[i])
		d.sum[i] = byte(carry)
		carry >>= 8
	}
	d.rows++
}

func canonical(value any) string {
	switch value := value.(type) {
	case time.Time:
		return fmt.Sprintf("t%d", value.UnixMicro())
	case []byte:
		return fmt.Sprintf("b%x", value)
	case [16]byte:
		return fmt.Sprintf("u%x", value)
	case string:
		return fmt.Sprintf("s%q", value)
	case bool:
		return fmt.Sprintf("o%t", value)
	case nil:
		return "-"
	default:
		return fmt.Sprintf("n%d", value) // an integer of any width
	}
}
