package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"testing"

	"github.com/uptrace/bun"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

const benchmarkEvents = 50_000

// fill keeps the first event of that many users.
func fill(tb testing.TB, db *DB) {
	tb.Helper()
	o := newOutboxTest(tb, db, OutboxOptions{})
	err := db.write(tb.Context(), func(ctx context.Context, tx bun.Tx) error {
		for range benchmarkEvents {
			_, row, shard := o.event(tb, newUserID())
			if err := insertEventRow(ctx, db, tx.Tx, row, shard); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		tb.Fatal(err)
	}
}

// BenchmarkDrain tells how many events go through the database alone, with a stream that takes no time.
func BenchmarkDrain(b *testing.B) {
	for _, backend := range backends {
		for _, limit := range []int{100, 500, 2000} {
			b.Run(fmt.Sprintf("%s/%d", backend.name, limit), func(b *testing.B) {
				db := openDB(b, Options{URL: backend.url(b)})
				outbox := NewOutbox(db, OutboxOptions{})
				fill(b, db)
				b.ReportAllocs()
				events := 0
				for b.Loop() {
					if events%benchmarkEvents == 0 {
						b.StopTimer()
						if _, err := outbox.Requeue(b.Context(), domain.EventID{}, 0, ports.StreamPosition{}); err != nil {
							b.Fatal(err)
						}
						b.StartTimer()
					}
					drained, err := outbox.Drain(b.Context(), limit, func(context.Context, ports.StreamPosition, []ports.OutboxEvent) (ports.StreamPosition, error) {
						return ports.StreamPosition{Stream: "stream", Sequence: 1}, nil
					})
					if err != nil || drained.Events == 0 {
						b.Fatalf("drain: got %+v, error %v", drained, err)
					}
					events += drained.Events
				}
				b.ReportMetric(float64(events)/b.Elapsed().Seconds(), "events/s")
			})
		}
	}
}

// BenchmarkDrainUnderASnapshot tells what a batch of one event takes after many others, of which nothing could be cleaned up.
func BenchmarkDrainUnderASnapshot(b *testing.B) {
	for _, batches := range []int{0, 20_000, 60_000} {
		b.Run(fmt.Sprintf("%d", batches), func(b *testing.B) {
			db := openDB(b, Options{URL: postgres.url(b)})
			o := newOutboxTest(b, db, OutboxOptions{})
			drain := func() {
				if drained, err := o.Drain(b.Context(), 1, publishNothing); err != nil || drained.Events == 0 {
					b.Fatalf("drain: got %+v, error %v", drained, err)
				}
			}
			snapshot, err := db.bun.DB.BeginTx(b.Context(), &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = snapshot.Rollback() }()
			for _, statement := range []string{"SET LOCAL idle_in_transaction_session_timeout = 0", "SELECT FROM outbox_shards"} {
				if _, err := snapshot.ExecContext(b.Context(), statement); err != nil {
					b.Fatal(err)
				}
			}
			for range batches {
				o.append(b, newUserID())
				drain()
			}
			for b.Loop() {
				b.StopTimer()
				o.append(b, newUserID())
				b.StartTimer()
				drain()
			}
		})
	}
}

func publishNothing(_ context.Context, recorded ports.StreamPosition, _ []ports.OutboxEvent) (ports.StreamPosition, error) {
	return ports.StreamPosition{Stream: "stream", Sequence: recorded.Sequence + 1}, nil
}
