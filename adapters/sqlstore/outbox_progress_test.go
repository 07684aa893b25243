package sqlstore

import (
	"testing"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// shardRow is what outbox_shards says of the only shard, and which version of its row says so.
type shardRow struct {
	version        string
	last, sequence int64
}

func (o *outboxTest) shardRow(t *testing.T) (row shardRow) {
	t.Helper()
	err := o.db.pool.QueryRow(t.Context(), "SELECT ctid::text, last_id, last_stream_seq FROM outbox_shards").
		Scan(&row.version, &row.last, &row.sequence)
	if err != nil {
		t.Fatal(err)
	}
	return row
}

func (o *outboxTest) wantPosition(t *testing.T, sequence uint64) {
	t.Helper()
	want := ports.StreamPosition{Stream: "stream", Sequence: sequence}
	if got, err := o.Position(t.Context()); err != nil || got != want {
		t.Errorf("position: got %+v, error %v, want %+v", got, err, want)
	}
}

// batches publishes that many events, one by one.
func (o *outboxTest) batches(t *testing.T, count int) {
	t.Helper()
	for range count {
		o.wantDrained(t, o.append(t, newUserID()))
	}
}

func TestShardsRowIsNotWrittenWithEveryBatch(t *testing.T) {
	t.Parallel()
	o := newOutboxTest(t, openDB(t, Options{URL: postgres.url(t)}), OutboxOptions{})
	o.batches(t, 1)
	first := o.shardRow(t)
	o.batches(t, 5)
	if got := o.shardRow(t); got != first {
		t.Errorf("row of the shard after more batches: got %+v, want %+v", got, first)
	}
	o.wantPosition(t, 6)
	o.pass(settleEvery)
	o.batches(t, 1)
	if got := o.shardRow(t); got.sequence != 7 || got.last <= first.last {
		t.Errorf("row of the shard after a while: got %+v, want sequence 7", got)
	}
}

// The release before knows outbox_shards alone.
func TestChangesOfTheShardsRowAloneAreBelieved(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]struct {
		statement string
		position  uint64
	}{
		"a batch":    {"UPDATE outbox_shards SET last_id = last_id + 5, last_stream_seq = 9", 9},
		"a requeue":  {"UPDATE outbox_shards SET last_id = 0, last_stream_seq = 2", 2},
		"a back-off": {"UPDATE outbox_shards SET backoff_until = now() - interval '1 hour'", 4},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOutboxTest(t, openDB(t, Options{URL: postgres.url(t)}), OutboxOptions{})
			o.batches(t, 4)
			if _, err := o.db.pool.Exec(t.Context(), change.statement); err != nil {
				t.Fatal(err)
			}
			o.wantPosition(t, change.position)
			o.batches(t, 2)
			o.wantPosition(t, change.position+2)
		})
	}
}

func TestShardThatIsLockedSaysHowFarItIs(t *testing.T) {
	t.Parallel()
	o := newOutboxTest(t, openDB(t, Options{URL: postgres.url(t)}), OutboxOptions{})
	o.batches(t, 4)
	if err := o.SetPaused(t.Context(), nil, false, decisionNote()); err != nil {
		t.Fatal(err)
	}
	if got := o.shardRow(t); got.sequence != 4 {
		t.Errorf("row of the shard: got %+v, want sequence 4", got)
	}
	o.wantPosition(t, 4)
	// A stream that went back to where the first batch ended, which is what the row said before.
	if _, err := o.Requeue(t.Context(), domain.EventID{}, 0, ports.StreamPosition{Stream: "stream", Sequence: 1}); err != nil {
		t.Fatal(err)
	}
	o.wantPosition(t, 1)
}

// A relay that looked for work before others made older events wait again gets the shard after them.
func TestEventsThatWaitAgainSinceTheSearchAreTakenFirst(t *testing.T) {
	t.Parallel()
	for name, again := range map[string]func(*outboxTest, domain.EventID) error{
		"requeued": func(o *outboxTest, _ domain.EventID) error {
			_, err := o.Requeue(t.Context(), domain.EventID{}, 0, ports.StreamPosition{Stream: "stream", Sequence: 1})
			return err
		},
		"retried": func(o *outboxTest, dead domain.EventID) error { return o.Retry(t.Context(), dead, decisionNote()) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := scanTest(t)
			o.batches(t, 5)
			dead := o.bury(t, newUserID())
			newest := o.append(t, newUserID())
			conn, err := o.db.pool.Acquire(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Release()
			lease, err := o.leaseShard(t.Context(), conn)
			if err != nil {
				t.Fatal(err)
			}
			o.giveBack(t.Context(), conn)
			if err := again(o, dead); err != nil {
				t.Fatal(err)
			}
			taken, err := o.takeDelivery(t.Context(), conn, &lease, 10)
			if err != nil {
				t.Fatal(err)
			}
			if got := eventIDs(taken.events); len(got) < 2 || got[len(got)-1] != newest {
				t.Errorf("events taken: got %v, want those that wait again, and %v last", got, newest)
			}
		})
	}
}

func TestEveryEventBelowTheSlackIsFoundOnceOneIs(t *testing.T) {
	t.Parallel()
	o := scanTest(t)
	var late []domain.EventID
	var commits []func()
	for range 3 {
		id, commit := o.appendLate(t, newUserID())
		late, commits = append(late, id), append(commits, commit)
	}
	for _, commit := range commits {
		commit()
	}
	o.wantDrained(t) // or the scan is not what this test is about
	o.pass(scanTestEvery)
	o.sent = nil
	for range late {
		if _, err := o.Drain(t.Context(), 1, o.publish); err != nil {
			t.Fatal(err)
		}
	}
	if got := eventIDs(o.sent); len(got) != len(late) {
		t.Errorf("events published one by one: got %v, want %v", got, late)
	}
}

func TestSchemaTakenBackKeepsHowFarTheShardIs(t *testing.T) {
	t.Parallel()
	address := postgres.url(t)
	o := newOutboxTest(t, openDB(t, Options{URL: address}), OutboxOptions{})
	o.batches(t, 4)
	const before = 5 // steps, without those that came with outbox_progress
	migrateDownTo(t, address, before)
	if got := o.shardRow(t); got.sequence != 4 {
		t.Errorf("row of the shard: got %+v, want sequence 4", got)
	}
}
