package sqlstore

import (
	"context"
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
