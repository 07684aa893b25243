package sqlstore

import (
	"context"
	"fmt"
	"time"

	"github.com/menjin-id/menjin/ports"
)

const insertDigest = `INSERT INTO inbox (digest, received_at) VALUES ($1, $2)`

// inboxWriter is ports.Inbox within a transaction.
type inboxWriter struct{ unit *unit }

func (w inboxWriter) Add(ctx context.Context, digest [32]byte, at time.Time) error {
	return w.unit.do("take in message", func() error {
		return w.unit.to.exec(ctx, insertDigest, digest[:], w.unit.db.instant(at))
	})
}

// Inbox is the inbox as it is swept.
type Inbox struct{ db *DB }

var _ ports.InboxArchive = (*Inbox)(nil)

// NewInbox sweeps the inbox of db.
func NewInbox(db *DB) *Inbox { return &Inbox{db} }

// Sweep is ports.InboxArchive's.
func (i *Inbox) Sweep(ctx context.Context, before time.Time, limit int) (int64, error) {
	count, err := i.db.sweep(ctx, "inbox", "digest", "received_at < $1 ORDER BY received_at LIMIT $2", i.db.instant(before), limit)
	if err != nil {
		return 0, fmt.Errorf("sweep inbox: %w", err)
	}
	return count, nil
}
