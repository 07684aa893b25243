package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/menjin-id/menjin/ports"
)

// drainPostgres needs three round trips: lease a shard, take events, and, after publish, record and commit.
func (o *Outbox) drainPostgres(ctx context.Context, limit int, publish ports.Publish) (ports.Drained, error) {
	conn, err := o.db.pool.Acquire(ctx)
	if err != nil {
		return ports.Drained{}, fmt.Errorf("connect: %w", translate(err))
	}
	defer conn.Release()
	for {
		drained, again, err := o.drainShard(ctx, conn, limit, publish)
		if !again {
			return drained, err
		}
	}
}

// drainShard reports again when it went through a shard without an outcome.
func (o *Outbox) drainShard(ctx context.Context, conn *pgxpool.Conn, limit int, publish ports.Publish) (drained ports.Drained, again bool, err error) {
	defer o.giveBack(ctx, conn)
	lease, err := o.leaseShard(ctx, conn)
	if errors.Is(err, pgx.ErrNoRows) {
		drained.Busy, err = o.busy(ctx, conn)
		return drained, false, err
	}
	if err != nil {
		return drained, false, fmt.Errorf("lease a shard: %w", translate(err))
	}
	drained.Shard = lease.shard
	deadline := time.Now().Add(o.options.PublishWithin) // from before the server begins to wait for the commit
	taken, err := o.takeDelivery(ctx, conn, &lease, limit)
	if err != nil {
		return drained, false, fmt.Errorf("take events: %w", translate(err))
	}
	if taken.late || lease.first <= lease.lastID-o.options.Slack {
		// Only a search from the beginning finds such events; whatever comes of this batch, there may be more.
		o.rotation.doubt(lease.shard)
	}
	if taken.late {
		return drained, true, nil
	}
	o.rotation.served(lease.shard)
	drained.Events, drained.Full = len(taken.events), len(taken.ids) == limit
	position := lease.recorded
	if len(taken.events) > 0 {
		position, err = publishUntil(ctx, deadline, lease.recorded, taken.events, publish)
		if err != nil {
			return drained, false, err
		}
	}
	drained.More = drained.Events > 0 && o.db.shards > 1
	if len(taken.ids) > 0 {
		err = o.commit(ctx, conn, &lease, taken, position)
	}
	return drained, err == nil && len(taken.events) == 0, err
}

func publishUntil(
	ctx context.Context, deadline time.Time, recorded ports.StreamPosition, events []ports.OutboxEvent, publish ports.Publish,
) (ports.StreamPosition, error) {
	ctx, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	return publish(ctx, recorded, events)
}

// giveBack ends a transaction that was not committed, so that what it took waits again.
func (o *Outbox) giveBack(ctx context.Context, conn *pgxpool.Conn) {
	const idle = 'I'
	if conn.Conn().IsClosed() || conn.Conn().PgConn().TxStatus() == idle {
		return
	}
	ctx, cancel := o.finishing(ctx)
	defer cancel()
	_, _ = conn.Exec(ctx, "ROLLBACK") // where this fails, the pool closes the connection, which has the same effect
}
