package sqlstore

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/menjin-id/menjin/domain"
)

// ErrForeignKeys is matched by the error of Open when what the database holds was encrypted with other keys. With these
// nobody would be recognised, and everybody registered anew.
var ErrForeignKeys = errors.New("the database was written with other encryption keys")

// checkKeys compares the digest that the keys make of a fixed text with the one they made when the database was new.
func (db *DB) checkKeys(ctx context.Context) error {
	mine, err := db.cipher.Index("meta", "value", domain.NewSecret("keys"))
	if err != nil {
		return fmt.Errorf("check keys: %w", err)
	}
	var kept []byte
	err = db.write(ctx, func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO meta (name, value) VALUES ('keys', ?) ON CONFLICT DO NOTHING", mine)
		if err != nil {
			return err
		}
		return tx.QueryRowContext(ctx, "SELECT value FROM meta WHERE name = 'keys'").Scan(&kept)
	})
	if err != nil {
		return fmt.Errorf("check keys: %w", err)
	}
	if subtle.ConstantTimeCompare(mine, kept) != 1 {
		return ErrForeignKeys
	}
	return nil
}
