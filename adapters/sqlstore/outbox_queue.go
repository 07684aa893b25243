package sqlstore

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// Outbox is the outbox as the relay, the reconciliation, the sweeper and administrators work it.
//
// On PostgreSQL a relay holds a shard by a row lock, so any number of processes may work one database. On SQLite it holds
// the one shard by a lock of this Outbox, of which there must be one alone for a database.
type Outbox struct {
	db       *DB
	options  OutboxOptions
	rotation rotation
	metrics  outboxMetrics
	working  chan struct{} // full while somebody works the shard of a SQLite database
	replays  replaysInHand
}

var (
	_ ports.OutboxQueue   = (*Outbox)(nil)
	_ ports.OutboxLedger  = (*Outbox)(nil)
	_ ports.OutboxArchive = (*Outbox)(nil)
)

// OutboxOptions tunes an Outbox. The zero value is right for production.
type OutboxOptions struct {
	// PublishWithin is how long a batch may take to be published; 5 s unless set.
	PublishWithin time.Duration
	// TakeOverAfter is how long a process may stand still with a shard in its hands before PostgreSQL gives the shard to
	// another; 10 s unless set, and never less than twice PublishWithin, lest both send.
	TakeOverAfter time.Duration
	// FullScanEvery is how often a shard is searched from its beginning; 1 s unless set. Where a search takes long, because
	// a long snapshot keeps the rows of published events, it is done less often, so that it takes no more than a hundredth
	// of the time, but each 30 s in any case: that is how late an event is found at most that is committed further below
	// the last published id than Slack.
	FullScanEvery time.Duration
	// Slack is how far below the last published id the searches in between begin; 4,096 unless set.
	Slack int64
	Clock ports.Clock
}

const (
	scanShare   = 100              // a search takes at most one part in so many of the time
	longestScan = 30 * time.Second // between two searches, whatever they take
)

// untilFullScan is how long after a search from the beginning the next one is due.
func (o *OutboxOptions) untilFullScan(took time.Duration) time.Duration {
	return max(o.FullScanEvery, min(scanShare*took, longestScan))
}

func (o OutboxOptions) withDefaults() OutboxOptions {
	if o.PublishWithin <= 0 {
		o.PublishWithin = 5 * time.Second
	}
	if o.TakeOverAfter <= 0 {
		o.TakeOverAfter = 10 * time.Second
	}
	o.TakeOverAfter = max(o.TakeOverAfter, 2*o.PublishWithin)
	if o.FullScanEvery <= 0 {
		o.FullScanEvery = time.Second
	}
	if o.Slack <= 0 {
		o.Slack = 4096
	}
	if o.Clock == nil {
		o.Clock = func() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }
	}
	return o
}

// NewOutbox works the outbox of db.
func NewOutbox(db *DB, options OutboxOptions) *Outbox {
	return &Outbox{
		db: db, options: options.withDefaults(), metrics: newOutboxMetrics(), working: make(chan struct{}, 1),
		replays: replaysInHand{ids: make(map[domain.ID]bool)},
	}
}

// Drain is ports.OutboxQueue's. Where no events go out because all that waited were behind a dead letter, it looks for
// others at once.
func (o *Outbox) Drain(ctx context.Context, limit int, publish ports.Publish) (ports.Drained, error) {
	drain := o.drainSQLite
	if o.db.isPostgres() {
		drain = o.drainPostgres
	}
	began := time.Now()
	drained, err := drain(ctx, limit, publish)
	o.metrics.drained(time.Since(began), drained.Events, err)
	if err != nil {
		return drained, fmt.Errorf("drain outbox: %w", err)
	}
	return drained, nil
}

// Delay is ports.OutboxQueue's.
func (o *Outbox) Delay(ctx context.Context, shard int, until time.Time) error {
	err := o.db.write(ctx, func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewRaw("UPDATE outbox_shards SET backoff_until = ? WHERE shard = ?", o.db.instant(until), shard).Exec(ctx)
		return err
	})
	if err != nil {
		return fmt.Errorf("delay shard %d: %w", shard, err)
	}
	return nil
}

// finishing is the context in which work that publish has done is recorded, and work it has not done is given back: both
// have to happen although the caller no longer waits.
func (o *Outbox) finishing(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), o.options.TakeOverAfter)
}
