package sqlstore

import (
	"context"
	"fmt"
	"time"

	"github.com/menjin-id/menjin/ports"
)

// outboxStatus counts what waits by index alone, and takes off those behind a dead letter that no Drain has come across yet.
// Those are looked for first, user by user, and once: the order of the join is given, as SQLite keeps no statistics that would
// tell it, and each half is a table of its own lest PostgreSQL begin with all that wait.
const outboxStatus = `
WITH later AS MATERIALIZED (
	SELECT e.shard, e.id FROM outbox_held h CROSS JOIN outbox_events e WHERE e.aggregate_id = h.aggregate_id AND e.id >= h.dead_id
), behind AS MATERIALIZED (
	SELECT l.shard, l.id FROM later l WHERE EXISTS (SELECT 1 FROM outbox_pending p WHERE p.shard = l.shard AND p.id = l.id)
)
SELECT s.shard, s.paused, s.backoff_until, at.last_id, at.stream, at.last_stream_seq,
	(SELECT count(*) FROM outbox_pending p WHERE p.shard = s.shard) - (SELECT count(*) FROM behind b WHERE b.shard = s.shard),
	(SELECT o.occurred_at FROM outbox_events o WHERE o.id = (
		SELECT p.id FROM outbox_pending p WHERE p.shard = s.shard AND p.id NOT IN (SELECT b.id FROM behind b) ORDER BY p.id LIMIT 1)),
	(SELECT count(*) FROM outbox_dead WHERE resolved_by IS NULL), (SELECT count(*) FROM outbox_held)
FROM outbox_shards s JOIN %s ON at.shard = s.shard ORDER BY s.shard`

var _ ports.OutboxMonitor = (*Outbox)(nil)

// Status is ports.OutboxMonitor's. It is one statement, and so the outbox at one instant.
func (o *Outbox) Status(ctx context.Context) (status ports.OutboxStatus, err error) {
	now := o.options.Clock()
	err = o.db.query(ctx, func(found rows) error {
		for found.Next() {
			if err := readShard(found, now, &status); err != nil {
				return err
			}
		}
		return nil
	}, fmt.Sprintf(outboxStatus, o.positions()))
	if err != nil {
		return ports.OutboxStatus{}, fmt.Errorf("read outbox status: %w", err)
	}
	return status, nil
}

func readShard(from rows, now time.Time, into *ports.OutboxStatus) error {
	var (
		shard           ports.ShardStatus
		delayed, oldest timeColumn
		sequence        int64
	)
	err := from.Scan(&shard.Shard, &shard.Paused, &delayed, &shard.LastID, &shard.Position.Stream, &sequence, &shard.Waiting,
		&oldest, &into.Dead, &into.Held)
	if err != nil {
		return err
	}
	shard.Position.Sequence = uint64(sequence)
	if until := time.Time(delayed); until.After(now) && !until.After(now.Add(ports.LongestDelay)) {
		shard.DelayedUntil = until
	}
	if at := time.Time(oldest); !at.IsZero() && (into.OldestAt.IsZero() || at.Before(into.OldestAt)) {
		into.OldestAt = at
	}
	into.Waiting += shard.Waiting
	into.Shards = append(into.Shards, shard)
	return nil
}
