package sqlstore

import (
	"context"
	"fmt"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

const usersDue = `SELECT id FROM users WHERE delete_at <= $1 ORDER BY delete_at, id LIMIT $2`

var _ ports.DeletionQueue = (*Users)(nil)

// DueForDeletion is ports.DeletionQueue's.
func (s *Users) DueForDeletion(ctx context.Context, now time.Time, limit int) (ids []domain.UserID, err error) {
	err = s.db.query(ctx, func(found rows) error {
		ids, err = readUserIDs(found)
		return err
	}, usersDue, s.db.instant(now), limit)
	if err != nil {
		return nil, fmt.Errorf("find users due for deletion: %w", err)
	}
	return ids, nil
}

func readUserIDs(from rows) (ids []domain.UserID, err error) {
	for from.Next() {
		var id idColumn
		if err := from.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, domain.UserID{ID: domain.ID(id)})
	}
	return ids, nil
}
