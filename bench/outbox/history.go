package outbox

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/menjin-id/menjin/adapters/sqlstore"
	"github.com/menjin-id/menjin/application/retention"
	"github.com/menjin-id/menjin/bench/report"
	"github.com/menjin-id/menjin/ports"
)

// age is how old the oldest event of a history is; kept is after how long the sweep takes events.
const (
	age  = 30 * 24 * time.Hour
	kept = 7 * 24 * time.Hour
)

// insertHistory makes the events numbered $1 to $2 of $3: five for each user, spread over the time since $4. Ids begin with
// their time, as all do.
const insertHistory = `
INSERT INTO outbox_events (event_id, type, schema_version, aggregate_id, aggregate_version, shard, subject, occurred_at, data, headers)
SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '70008000' || lpad(to_hex(n), 12, '0'))::uuid,
	CASE n % 5 WHEN 0 THEN 'menjin.user.registered.v1' ELSE 'menjin.user.profile_updated.v1' END, 1,
	"user", n % 5 + 1, 0, 'menjin.user.registered.' || "user", at,
	'{"user_id":"' || "user" || '","method":"wechat","app_id":"wx0123456789abcdef","registered_at":"' || at || '"}', '{}'
FROM (
	SELECT n, $4::timestamptz + (now() - $4::timestamptz) * (n::double precision / $3::bigint) AS at,
		('0197000000007000' || '8000' || lpad(to_hex(n / 5), 12, '0'))::uuid AS "user"
	FROM generate_series($1::bigint, $2::bigint) AS n
) AS made`

// FillHistory puts rows of published events into the outbox, which must be new, and leaves the table as vacuum would.
func (b *Bench) FillHistory(ctx context.Context, rows int, progress func(done int)) error {
	const chunk = 500_000
	since := time.Now().Add(-age)
	var done atomic.Int64
	work, workCtx := errgroup.WithContext(ctx)
	work.SetLimit(2)
	for from := 0; from < rows; from += chunk {
		work.Go(func() error {
			to := min(from+chunk, rows)
			err := b.admin(workCtx, func(conn *pgx.Conn) error {
				if _, err := conn.Exec(workCtx, "SET synchronous_commit = off"); err != nil {
					return err
				}
				_, err := conn.Exec(workCtx, insertHistory, from, to-1, rows, since)
				return err
			})
			if err == nil {
				progress(int(done.Add(int64(to - from))))
			}
			return err
		})
	}
	if err := work.Wait(); err != nil {
		return fmt.Errorf("make %d published events: %w", rows, err)
	}
	return b.admin(ctx, func(conn *pgx.Conn) error {
		for _, statement := range []string{"VACUUM (ANALYZE) outbox_events", "CHECKPOINT"} {
			if _, err := conn.Exec(ctx, statement); err != nil {
				return fmt.Errorf("%s: %w", statement, err)
			}
		}
		return nil
	})
}

// HoldSnapshot opens a transaction that sees the database as it is now, as a long backup does, so that nothing deleted
// since can be cleaned up before the function it returns is called.
func (b *Bench) HoldSnapshot(ctx context.Context) (release func(), err error) {
	conn, err := pgx.Connect(ctx, b.servers.Database)
	if err != nil {
		return nil, fmt.Errorf("hold a snapshot: %w", err)
	}
	release = func() { _ = conn.Close(context.WithoutCancel(ctx)) } // which ends the transaction in any case
	for _, statement := range []string{"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", "SELECT count(*) FROM outbox_shards"} {
		if _, err := conn.Exec(ctx, statement); err != nil {
			release()
			return nil, fmt.Errorf("hold a snapshot: %w", err)
		}
	}
	return release, nil
}

// SweptLatency is Latency while the service's own sweep deletes what is too old. It also returns how many rows went.
func (b *Bench) SweptLatency(ctx context.Context, rate int, length time.Duration) (figure report.Figure, swept int64, err error) {
	archive := &countedArchive{Archive: sqlstore.NewOutbox(b.db, sqlstore.OutboxOptions{})}
	sweep := retention.NewSweep([]retention.Rule{{Name: "outbox_events", Archive: archive, Keep: kept}}, now, b.log)
	sweepCtx, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- sweep.Run(sweepCtx) }()
	figure, err = b.Latency(ctx, rate, length)
	stop()
	if sweepErr := <-ended; err == nil {
		err = sweepErr
	}
	return figure, archive.gone.Load(), err
}

// countedArchive tells how much was deleted.
type countedArchive struct {
	ports.Archive
	gone atomic.Int64
}

func (a *countedArchive) Sweep(ctx context.Context, before time.Time, limit int) (int64, error) {
	count, err := a.Archive.Sweep(ctx, before, limit)
	a.gone.Add(count)
	return count, err
}

// admin lends a connection without the service's time limits.
func (b *Bench) admin(ctx context.Context, use func(*pgx.Conn) error) error {
	conn, err := pgx.Connect(ctx, b.servers.Database)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	return use(conn)
}
