package sqlstore

import (
	"context"

	"github.com/uptrace/bun"
)

// write returns how many rows it changed.
func (s *SealedRows) write(ctx context.Context, table sealedTable, changes []replacement) (changed int, err error) {
	if len(changes) == 0 {
		return 0, nil
	}
	if s.db.isPostgres() {
		count, err := s.db.exec(ctx, table.replaceAll(), arrays(table, changes)...)
		return int(count), err
	}
	statement := table.replace()
	err = s.db.write(ctx, func(ctx context.Context, tx bun.Tx) error {
		changed = 0
		for _, change := range changes {
			count, err := affected(tx.Tx.ExecContext(ctx, statement, s.arguments(change)...))
			if err != nil {
				return err
			}
			changed += int(count)
		}
		return nil
	})
	return changed, err
}

// arrays are the arguments of replaceAll: one for each column, then the first and the last key.
func arrays(table sealedTable, changes []replacement) (args []any) {
	for i := range table.key {
		var ids []string
		for _, change := range changes {
			ids = append(ids, change.row.key[i].String())
		}
		args = append(args, ids)
	}
	for _, version := range []func(replacement) [][]byte{
		func(c replacement) [][]byte { return c.row.values },
		func(c replacement) [][]byte { return c.want },
	} {
		for i := range table.columns() {
			var column [][]byte
			for _, change := range changes {
				column = append(column, version(change)[i])
			}
			args = append(args, column)
		}
	}
	for _, end := range []replacement{changes[0], changes[len(changes)-1]} {
		for _, id := range end.row.key {
			args = append(args, id.String())
		}
	}
	return args
}

// arguments are those of replace.
func (s *SealedRows) arguments(change replacement) (args []any) {
	for _, id := range change.row.key {
		args = append(args, s.db.id(id))
	}
	for _, values := range [][][]byte{change.row.values, change.want} {
		for _, value := range values {
			args = append(args, nullableBytes(value))
		}
	}
	return args
}

func nullableBytes(value []byte) any {
	if value == nil {
		return nil
	}
	return value
}
