package book

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/menjin-id/menjin/domain"
)

// Committed is the record of a writer whose book nobody kept: the events that the outbox holds, published ones too.
func (d *Database) Committed(ctx context.Context) (*Record, error) {
	rows, err := d.db.QueryContext(ctx, "SELECT event_id, aggregate_id, aggregate_version FROM outbox_events")
	if err != nil {
		return nil, fmt.Errorf("look at events: %w", err)
	}
	defer func() { _ = rows.Close() }() // Err has told what can be told
	record := &Record{Tried: map[domain.EventID]Entry{}, Outcomes: map[domain.EventID]Outcome{}}
	for rows.Next() {
		var (
			event, user uuid.UUID
			entry       Entry
		)
		if err := rows.Scan(&event, &user, &entry.Version); err != nil {
			return nil, fmt.Errorf("look at events: %w", err)
		}
		entry.Event, entry.User = domain.EventID{ID: domain.ID(event)}, domain.UserID{ID: domain.ID(user)}
		record.Tried[entry.Event], record.Outcomes[entry.Event] = entry, Committed
	}
	return record, rows.Err()
}
