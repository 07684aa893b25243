package sqlstore

import (
	"context"
	"database/sql"
)

// direct runs statements at once, in SQLite's transaction. None is interrupted, as that would roll the group back.
type direct struct{ tx *sql.Tx }

func (d direct) exec(ctx context.Context, statement string, args ...any) error {
	_, err := d.affected(ctx, statement, args...)
	return err
}

func (d direct) execOne(ctx context.Context, otherwise error, statement string, args ...any) error {
	affected, err := d.affected(ctx, statement, args...)
	if err == nil && affected != 1 {
		err = otherwise
	}
	return err
}

func (d direct) affected(ctx context.Context, statement string, args ...any) (int64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	result, err := d.tx.ExecContext(context.WithoutCancel(ctx), statement, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

func (d direct) query(ctx context.Context, read func(rows) error, statement string, args ...any) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	found, err := d.tx.QueryContext(context.WithoutCancel(ctx), statement, args...)
	if err != nil {
		return err
	}
	defer func() { _ = found.Close() }() // what it could tell, Err has told
	err = read(found)
	return first(found.Err(), err)
}
