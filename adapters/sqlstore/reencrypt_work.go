package sqlstore

import (
	"context"
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	"github.com/menjin-id/menjin/domain"
)

const claimDataKeyWork = `INSERT INTO data_key_work (one, holder, until) VALUES (1, $1, $2)
ON CONFLICT (one) DO UPDATE SET holder = $1, until = $2 WHERE data_key_work.holder = $1 OR data_key_work.until < $3`

// Claim is ports.SealedRows's.
func (s *SealedRows) Claim(ctx context.Context, holder domain.ID, now, until time.Time) (claimed bool, err error) {
	count, err := s.db.exec(ctx, claimDataKeyWork, s.db.id(holder), s.db.instant(until), s.db.instant(now))
	if err != nil {
		return false, fmt.Errorf("claim re-encryption: %w", err)
	}
	return count == 1, nil
}

// Count is ports.SealedRows's.
func (s *SealedRows) Count(ctx context.Context) (total int64, err error) {
	var parts []string
	for _, table := range sealedTables {
		parts = append(parts, "(SELECT count(*) FROM "+table.name+")")
	}
	err = s.db.query(ctx, func(found rows) error {
		for found.Next() {
			if err := found.Scan(&total); err != nil {
				return err
			}
		}
		return nil
	}, "SELECT "+strings.Join(parts, " + "))
	if err != nil {
		return 0, fmt.Errorf("count encrypted rows: %w", err)
	}
	return total, nil
}

// Usage is ports.SealedRows's. It reads every row.
func (s *SealedRows) Usage(ctx context.Context) (map[uint32]int64, error) {
	var parts []string
	for _, table := range sealedTables {
		for _, field := range table.fields {
			column := field.column + "_sealed"
			parts = append(parts, fmt.Sprintf(
				"SELECT substr(%s, 1, 5) AS prefix, count(*) FROM %s WHERE %[1]s IS NOT NULL GROUP BY 1", column, table.name))
		}
	}
	used := map[uint32]int64{}
	err := s.db.query(ctx, func(found rows) error {
		for found.Next() {
			var prefix []byte
			var count int64
			if err := found.Scan(&prefix, &count); err != nil {
				return err
			}
			if len(prefix) == 5 {
				used[binary.BigEndian.Uint32(prefix[1:])] += count
			}
		}
		return nil
	}, strings.Join(parts, " UNION ALL "))
	if err != nil {
		return nil, fmt.Errorf("count fields by key: %w", err)
	}
	return used, nil
}
