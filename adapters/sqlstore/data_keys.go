package sqlstore

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/menjin-id/menjin/ports"
)

const (
	newestDataKeys = `SELECT version, master, wrapped, created_at FROM data_keys ORDER BY version DESC LIMIT 1`

	dataKeysVersion = `SELECT coalesce(max(version), 0) FROM data_keys`

	insertDataKeys = `INSERT INTO data_keys (version, master, wrapped, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`

	forgetDataKeys = `DELETE FROM data_keys WHERE version < $1`
)

// DataKeys keeps the wrapped data keys that replicas share. Versions before the newest are forgotten: they hold keys that no
// row needs any more.
type DataKeys struct{ db *DB }

var _ ports.DataKeyStore = (*DataKeys)(nil)

// NewDataKeys keeps the keys in db.
func NewDataKeys(db *DB) *DataKeys { return &DataKeys{db} }

// Newest is ports.DataKeyStore's.
func (k *DataKeys) Newest(ctx context.Context) (keys ports.DataKeys, err error) {
	err = k.db.query(ctx, func(found rows) error {
		for found.Next() {
			var created timeColumn
			if err := found.Scan(&keys.Version, &keys.Master, &keys.Wrapped, &created); err != nil {
				return err
			}
			keys.CreatedAt = time.Time(created)
		}
		return nil
	}, newestDataKeys)
	if err != nil {
		return ports.DataKeys{}, fmt.Errorf("read data keys: %w", err)
	}
	return keys, nil
}

// Put is ports.DataKeyStore's. The first version must be the cipher's own by then; the error matches ErrForeignKeys when the
// database was written with others before data keys were kept in it.
func (k *DataKeys) Put(ctx context.Context, next ports.DataKeys) (put bool, err error) {
	err = k.db.write(ctx, func(ctx context.Context, tx bun.Tx) error {
		put = false
		var version int64
		if err := tx.Tx.QueryRowContext(ctx, dataKeysVersion).Scan(&version); err != nil || version != next.Version-1 {
			return err
		}
		// Who meets another's row of the same version here waits for its commit, and has lost.
		row := []any{next.Version, next.Master, next.Wrapped, k.db.instant(next.CreatedAt)}
		added, err := affected(tx.Tx.ExecContext(ctx, insertDataKeys, row...))
		if err != nil || added == 0 {
			return err
		}
		put = true
		if next.Version == 1 {
			return k.db.matchKeys(ctx, tx.Tx)
		}
		_, err = tx.Tx.ExecContext(ctx, forgetDataKeys, next.Version)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("keep data keys: %w", err)
	}
	return put, nil
}
