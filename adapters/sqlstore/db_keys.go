package sqlstore

import (
	"context"
	"crypto/subtle"
	"database/sql"
	"errors"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/menjin-id/menjin/domain"
)

// ErrForeignKeys is matched by the error of CheckKeys when what the database holds was encrypted with other keys. With these
// nobody would be recognised, and everybody registered anew.
var ErrForeignKeys = errors.New("the database was written with other encryption keys")

const (
	keepFingerprint = `INSERT INTO meta (name, value) VALUES ('keys', $1) ON CONFLICT DO NOTHING`

	fingerprint = `SELECT value FROM meta WHERE name = 'keys'`
)

// CheckKeys compares the digest that the cipher's keys make of a fixed text with the one that the first keys made. It is to be
// called before anything is read or written that is encrypted, once the cipher has its keys.
func (db *DB) CheckKeys(ctx context.Context) error {
	err := db.write(ctx, func(ctx context.Context, tx bun.Tx) error { return db.matchKeys(ctx, tx.Tx) })
	if err != nil {
		return fmt.Errorf("check keys: %w", err)
	}
	return nil
}

func (db *DB) matchKeys(ctx context.Context, tx *sql.Tx) error {
	mine, err := db.cipher.Index("meta", "value", domain.NewSecret("keys"))
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, keepFingerprint, mine); err != nil {
		return err
	}
	var kept []byte
	if err := tx.QueryRowContext(ctx, fingerprint).Scan(&kept); err != nil {
		return err
	}
	if subtle.ConstantTimeCompare(mine, kept) != 1 {
		return ErrForeignKeys
	}
	return nil
}
