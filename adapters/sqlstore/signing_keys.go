package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

const (
	selectKeys = `SELECT id, kid, pem_sealed, created_at, retires_at FROM signing_keys ORDER BY created_at DESC, id DESC`

	newestKey = `SELECT kid FROM signing_keys ORDER BY created_at DESC, id DESC LIMIT 1`

	forgetKeys = `DELETE FROM signing_keys WHERE retires_at <= $1`

	retireKeys = `UPDATE signing_keys SET retires_at = $1 WHERE retires_at IS NULL OR retires_at > $1`

	insertKey = `INSERT INTO signing_keys (id, kid, pem_sealed, created_at, retires_at) VALUES ($1, $2, $3, $4, $5)`

	lockKeys = `SELECT pg_advisory_xact_lock(hashtextextended('menjin signing keys', 0))`
)

// SigningKeys keeps the keys that replicas share.
type SigningKeys struct{ db *DB }

var _ ports.SigningKeys = (*SigningKeys)(nil)

// NewSigningKeys keeps the keys in db.
func NewSigningKeys(db *DB) *SigningKeys { return &SigningKeys{db} }

// All is ports.SigningKeys's.
func (k *SigningKeys) All(ctx context.Context) (keys []ports.SigningKey, err error) {
	err = k.db.query(ctx, func(found rows) error {
		keys, err = readKeys(k.db.cipher, found)
		return err
	}, selectKeys)
	if err != nil {
		return nil, fmt.Errorf("read signing keys: %w", err)
	}
	return keys, nil
}

func readKeys(cipher ports.Cipher, from rows) (keys []ports.SigningKey, err error) {
	for from.Next() {
		var key ports.SigningKey
		var id idColumn
		var sealed []byte
		var created, retires timeColumn
		if err := from.Scan(&id, &key.ID, &sealed, &created, &retires); err != nil {
			return nil, err
		}
		key.CreatedAt, key.RetiresAt = time.Time(created), time.Time(retires)
		if key.PEM, err = open(cipher, "signing_keys", "pem", domain.ID(id), sealed); err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// Rotate is ports.SigningKeys's. A key that retires earlier anyhow does so.
func (k *SigningKeys) Rotate(
	ctx context.Context, newest string, key ports.SigningKey, retireOthersAt time.Time,
) (added bool, err error) {
	row, err := k.row(key)
	if err != nil {
		return false, fmt.Errorf("rotate signing keys: %w", err)
	}
	err = k.db.write(ctx, func(ctx context.Context, tx bun.Tx) error {
		added = false
		found, err := k.newest(ctx, tx.Tx)
		if err != nil || found != newest {
			return err
		}
		for _, next := range []step{
			{statement: forgetKeys, args: []any{k.db.instant(key.CreatedAt)}},
			{statement: retireKeys, args: []any{k.db.instant(retireOthersAt)}},
			{statement: insertKey, args: row},
		} {
			if _, err := tx.Tx.ExecContext(ctx, next.statement, next.args...); err != nil {
				return err
			}
		}
		added = true
		return nil
	})
	if err != nil {
		return false, fmt.Errorf("rotate signing keys: %w", err)
	}
	return added, nil
}

// row returns the arguments of insertKey.
func (k *SigningKeys) row(key ports.SigningKey) ([]any, error) {
	raw, err := uuid.NewV7()
	if err != nil {
		return nil, err
	}
	id := domain.ID(raw)
	sealed, err := seal(k.db.cipher, "signing_keys", "pem", id, key.PEM)
	if err != nil {
		return nil, err
	}
	return []any{k.db.id(id), key.ID, sealed, k.db.instant(key.CreatedAt), k.db.instant(key.RetiresAt)}, nil
}

// newest returns the id of the newest key, empty without one, and lets no other replica rotate until the transaction ends.
func (k *SigningKeys) newest(ctx context.Context, tx *sql.Tx) (id string, err error) {
	if k.db.isPostgres() {
		if _, err := tx.ExecContext(ctx, lockKeys); err != nil {
			return "", err
		}
	}
	err = tx.QueryRowContext(ctx, newestKey).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return id, err
}
