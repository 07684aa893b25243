package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

var errStreamAway = errors.New("the stream does not answer")

// outboxTest is an outbox, and a stream that takes what it publishes.
type outboxTest struct {
	*Outbox
	mu       sync.Mutex
	now      time.Time
	versions map[domain.UserID]int64
	sent     []ports.OutboxEvent
}

func newOutboxTest(tb testing.TB, db *DB, options OutboxOptions) *outboxTest {
	tb.Helper()
	o := &outboxTest{now: time.Now().UTC(), versions: map[domain.UserID]int64{}}
	options.Clock = func() time.Time {
		o.mu.Lock()
		defer o.mu.Unlock()
		return o.now
	}
	o.Outbox = NewOutbox(db, options)
	return o
}

// pass lets time pass for the outbox.
func (o *outboxTest) pass(d time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.now = o.now.Add(d)
}

func (o *outboxTest) publish(_ context.Context, recorded ports.StreamPosition, events []ports.OutboxEvent) (ports.StreamPosition, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.sent = append(o.sent, events...)
	return ports.StreamPosition{Stream: "stream", Sequence: recorded.Sequence + uint64(len(events))}, nil
}

func (o *outboxTest) drained(tb testing.TB) []domain.EventID {
	tb.Helper()
	o.sent = nil
	for {
		drained, err := o.Drain(tb.Context(), 100, o.publish)
		if err != nil || drained.Busy {
			tb.Fatalf("drain: got %+v, error %v", drained, err)
		}
		if drained.Events == 0 {
			return eventIDs(o.sent)
		}
	}
}

func (o *outboxTest) wantDrained(tb testing.TB, want ...domain.EventID) {
	tb.Helper()
	if got := o.drained(tb); !slices.Equal(got, want) {
		tb.Errorf("events published: got %v, want %v", got, want)
	}
}

func eventIDs(events []ports.OutboxEvent) (ids []domain.EventID) {
	for _, event := range events {
		ids = append(ids, event.Message.ID)
	}
	return ids
}

func newUserID() domain.UserID { return domain.UserID{ID: domain.ID(uuid.Must(uuid.NewV7()))} }

// event makes the user's next event, and the row of it.
func (o *outboxTest) event(tb testing.TB, user domain.UserID) (id domain.EventID, row []any, shard int16) {
	tb.Helper()
	o.versions[user]++
	id = domain.EventID{ID: newUserID().ID}
	row, shard, err := o.db.eventRow(ports.Message{
		ID: id, Type: "menjin.user.signed_in.v1", SchemaVersion: 1, Subject: "menjin.user.signed_in." + user.String(),
		UserID: user, UserVersion: o.versions[user], At: o.options.Clock(), Data: []byte(`{"note":"门"}`),
	})
	if err != nil {
		tb.Fatal(err)
	}
	return id, row, shard
}

// append keeps the user's next event, as a transaction of its own.
func (o *outboxTest) append(tb testing.TB, user domain.UserID) domain.EventID {
	tb.Helper()
	id, row, shard := o.event(tb, user)
	err := o.db.write(tb.Context(), func(ctx context.Context, tx bun.Tx) error { return insertEventRow(ctx, o.db, tx.Tx, row, shard) })
	if err != nil {
		tb.Fatalf("append: %v", err)
	}
	return id
}

func insertEventRow(ctx context.Context, db *DB, tx *sql.Tx, row []any, shard int16) error {
	if db.isPostgres() {
		_, err := tx.ExecContext(ctx, insertEventPostgres, row...)
		return err
	}
	if _, err := tx.ExecContext(ctx, insertEvent, row...); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, insertPendingSQLite, shard)
	return err
}

func TestDrainGoesOnBeyondEventsBehindADeadLetter(t *testing.T) {
	t.Parallel()
	for _, backend := range backends {
		t.Run(backend.name, func(t *testing.T) {
			t.Parallel()
			o := newOutboxTest(t, openDB(t, Options{URL: backend.url(t)}), OutboxOptions{})
			sick := newUserID()
			if err := o.Bury(t.Context(), o.append(t, sick), "too large", o.now); err != nil {
				t.Fatal(err)
			}
			for range 5 {
				o.append(t, sick)
			}
			other := o.append(t, newUserID())
			drained, err := o.Drain(t.Context(), 2, o.publish)
			if err != nil || drained.Events != 1 || o.sent[0].Message.ID != other {
				t.Errorf("drain: got %+v, error %v, want the event of the other user alone", drained, err)
			}
		})
	}
}

func TestBuryLeavesAloneAnEventThatWasPublishedAfterAll(t *testing.T) {
	t.Parallel()
	for _, backend := range backends {
		t.Run(backend.name, func(t *testing.T) {
			t.Parallel()
			o := newOutboxTest(t, openDB(t, Options{URL: backend.url(t)}), OutboxOptions{})
			user := newUserID()
			first := o.append(t, user)
			o.wantDrained(t, first)
			for _, id := range []domain.EventID{first, {ID: newUserID().ID}} {
				if err := o.Bury(t.Context(), id, "too large", o.now); err != nil {
					t.Errorf("bury: %v", err)
				}
			}
			o.wantDrained(t, o.append(t, user))
		})
	}
}

func TestPausedShardIsLeftAlone(t *testing.T) {
	t.Parallel()
	for _, backend := range backends {
		t.Run(backend.name, func(t *testing.T) {
			t.Parallel()
			o := newOutboxTest(t, openDB(t, Options{URL: backend.url(t)}), OutboxOptions{})
			o.append(t, newUserID())
			err := o.db.write(t.Context(), func(ctx context.Context, tx bun.Tx) error {
				_, err := tx.NewRaw("UPDATE outbox_shards SET paused = ?", true).Exec(ctx)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			o.wantDrained(t)
		})
	}
}

func TestFailingShardDoesNotKeepOthersFromTheirTurn(t *testing.T) {
	t.Parallel()
	o := newOutboxTest(t, openDB(t, Options{URL: postgres.url(t), Shards: 4}), OutboxOptions{})
	const events = 24
	const waiting = events / 4
	for i := range events {
		user := newUserID()
		for int(shardOf(user, 4)) != i%4 {
			user = newUserID()
		}
		o.append(t, user)
	}
	for range 4 * events {
		_, err := o.Drain(t.Context(), 1, func(ctx context.Context, recorded ports.StreamPosition, events []ports.OutboxEvent) (ports.StreamPosition, error) {
			if shardOf(events[0].UserID, 4) == 0 {
				return ports.StreamPosition{}, errStreamAway
			}
			return o.publish(ctx, recorded, events)
		})
		if err != nil && !errors.Is(err, errStreamAway) {
			t.Fatal(err)
		}
	}
	if got, want := len(o.sent), events-waiting; got != want {
		t.Errorf("events published of the other shards: got %d, want %d", got, want)
	}
}

func TestWhoeverDrainedAShardIsToldOfTheOthers(t *testing.T) {
	t.Parallel()
	for _, shards := range []int{1, 2} {
		o := newOutboxTest(t, openDB(t, Options{URL: postgres.url(t), Shards: shards}), OutboxOptions{})
		o.append(t, newUserID())
		for _, want := range []ports.Drained{{Events: 1, More: shards > 1}, {}} {
			got, err := o.Drain(t.Context(), 100, o.publish)
			got.Shard = 0
			if err != nil || got != want {
				t.Errorf("%d shards: got %+v, error %v, want %+v", shards, got, err, want)
			}
		}
	}
}
