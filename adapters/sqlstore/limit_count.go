package sqlstore

import (
	"context"
	"crypto/sha256"
	"time"
)

// digestOf makes a key of one size of any text.
func digestOf(key string) []byte {
	digest := sha256.Sum256([]byte(key))
	return digest[:]
}

// count takes a step that writes and answers with the microseconds to wait. SQLite, where a commit waits for the disk and
// reading costs next to nothing, is asked first whether the step would be refused: whoever floods the service writes nothing.
func (db *DB) count(ctx context.Context, take, refused step) (time.Duration, error) {
	var micros int64
	read := func(from rows) error {
		for from.Next() {
			if err := from.Scan(&micros); err != nil {
				return err
			}
		}
		return nil
	}
	if !db.isPostgres() {
		if err := db.query(ctx, read, refused.statement, refused.args...); err != nil || micros > 0 {
			return time.Duration(micros) * time.Microsecond, err
		}
	}
	err := db.change(ctx, read, take.statement, take.args...)
	return time.Duration(micros) * time.Microsecond, err
}
