package sqlstore

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// SealedRows brings rows to the keys that are in use, while others work with them.
type SealedRows struct{ db *DB }

var _ ports.SealedRows = (*SealedRows)(nil)

// NewSealedRows works on all encrypted fields of db.
func NewSealedRows(db *DB) *SealedRows { return &SealedRows{db} }

var errPlace = errors.New("there is no such place in the tables")

// replacement is a row as it was read and as it is to be.
type replacement struct {
	row  sealedRow
	want [][]byte
}

// Bring is ports.SealedRows's. It reads a page, and writes back in one statement, or one short transaction, those of its rows
// that have not changed meanwhile. The size of a page bounds both.
func (s *SealedRows) Bring(ctx context.Context, after ports.RowPlace, limit int) (brought ports.BroughtRows, err error) {
	at, ok := tableNamed(after.Table)
	if !ok {
		return brought, fmt.Errorf("re-encrypt rows: %w", errPlace)
	}
	table := sealedTables[at]
	page, err := s.page(ctx, table, after.Key, limit)
	if err != nil {
		return brought, fmt.Errorf("re-encrypt rows of %s: %w", table.name, err)
	}
	brought.Seen = len(page)
	var changes []replacement
	for _, row := range page {
		want, err := table.fresh(s.db.cipher, row)
		switch {
		case unreachable(err):
			return brought, fmt.Errorf("re-encrypt rows of %s: %w", table.name, err)
		case err != nil:
			brought.Broken++
		case want != nil:
			changes = append(changes, replacement{row, want})
		}
	}
	if brought.Changed, err = s.write(ctx, table, changes); err != nil {
		return brought, fmt.Errorf("re-encrypt rows of %s: %w", table.name, err)
	}
	brought.Left = len(changes) - brought.Changed
	brought.Next, brought.End = following(at, page, limit)
	return brought, nil
}

// following is the place after a page: in the same table where the page was full, else at the beginning of the next.
func following(at int, page []sealedRow, limit int) (next ports.RowPlace, end bool) {
	if len(page) == limit {
		var key []byte
		for _, id := range page[len(page)-1].key {
			key = append(key, id[:]...)
		}
		return ports.RowPlace{Table: sealedTables[at].name, Key: hex.EncodeToString(key)}, false
	}
	if at+1 == len(sealedTables) {
		return ports.RowPlace{}, true
	}
	return ports.RowPlace{Table: sealedTables[at+1].name}, false
}

func (s *SealedRows) page(ctx context.Context, table sealedTable, after string, limit int) (page []sealedRow, err error) {
	key := make([]byte, len(domain.ID{})*len(table.key))
	if decoded, err := hex.DecodeString(after); err != nil || after != "" && len(decoded) != len(key) {
		return nil, errPlace
	} else if after != "" {
		key = decoded
	}
	var args []any
	for len(key) > 0 {
		args = append(args, s.db.id(domain.ID(key[:16])))
		key = key[16:]
	}
	err = s.db.query(ctx, func(found rows) error {
		page, err = table.read(found)
		return err
	}, table.page(), append(args, limit)...)
	return page, err
}
