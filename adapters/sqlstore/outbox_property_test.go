package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/uptrace/bun"
	"pgregory.net/rapid"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// outboxModel is what should be in an outbox: the events of each user that wait to be published, the oldest first.
type outboxModel struct {
	*outboxTest
	tb      testing.TB
	users   []domain.UserID
	waiting map[domain.UserID][]domain.EventID
	gone    []domain.EventID // published, by rising id
	owner   map[domain.EventID]domain.UserID
	held    map[domain.UserID]bool
	open    map[domain.UserID]*opened // an event that is not committed yet
}

type opened struct {
	tx    *sql.Tx
	event domain.EventID
}

func newOutboxModel(tb testing.TB, db *DB) *outboxModel {
	m := &outboxModel{
		outboxTest: newOutboxTest(tb, db, OutboxOptions{Slack: 1, FullScanEvery: time.Hour}), tb: tb,
		waiting: map[domain.UserID][]domain.EventID{}, owner: map[domain.EventID]domain.UserID{},
		held: map[domain.UserID]bool{}, open: map[domain.UserID]*opened{},
	}
	for range 3 {
		m.users = append(m.users, newUserID())
	}
	return m
}

func (m *outboxModel) committed(user domain.UserID, event domain.EventID) {
	m.owner[event] = user
	if !m.held[user] {
		m.waiting[user] = append(m.waiting[user], event)
	}
}

func (m *outboxModel) Append(t *rapid.T) {
	if user := rapid.SampledFrom(m.users).Draw(t, "user"); m.open[user] == nil {
		m.committed(user, m.append(m.tb, user))
	}
}

// Begin leaves an event uncommitted, so that its id is older than those of events committed before it.
func (m *outboxModel) Begin(t *rapid.T) {
	user := rapid.SampledFrom(m.users).Draw(t, "user")
	if m.open[user] != nil || !m.db.isPostgres() {
		return
	}
	tx, err := m.db.bun.DB.BeginTx(m.tb.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	event, row, shard := m.event(m.tb, user)
	if err := insertEventRow(m.tb.Context(), m.db, tx, row, shard); err != nil {
		t.Fatal(err)
	}
	m.open[user] = &opened{tx, event}
}

func (m *outboxModel) End(t *rapid.T) {
	user := rapid.SampledFrom(m.users).Draw(t, "user")
	m.end(user, rapid.Bool().Draw(t, "commit"))
}

func (m *outboxModel) end(user domain.UserID, commit bool) {
	o := m.open[user]
	if o == nil {
		return
	}
	delete(m.open, user)
	if !commit {
		m.versions[user]--
		_ = o.tx.Rollback()
		return
	}
	if err := o.tx.Commit(); err != nil {
		m.tb.Fatal(err)
	}
	m.committed(user, o.event)
}

func (m *outboxModel) Pass(*rapid.T) { m.pass(time.Hour) }

func (m *outboxModel) Drain(t *rapid.T) {
	m.drain(t, rapid.IntRange(1, 4).Draw(t, "limit"), rapid.Bool().Draw(t, "acknowledged"))
}

func (m *outboxModel) drain(t *rapid.T, limit int, acknowledged bool) int {
	drained, err := m.Outbox.Drain(m.tb.Context(), limit, func(_ context.Context, recorded ports.StreamPosition, events []ports.OutboxEvent) (ports.StreamPosition, error) {
		m.check(t, eventIDs(events))
		if !acknowledged {
			return recorded, errStreamAway
		}
		for _, event := range events {
			m.waiting[event.UserID] = m.waiting[event.UserID][1:]
			m.gone = append(m.gone, event.Message.ID)
		}
		return ports.StreamPosition{Stream: "stream", Sequence: recorded.Sequence + uint64(len(events))}, nil
	})
	if err != nil && !errors.Is(err, errStreamAway) {
		t.Fatal(err)
	}
	return drained.Events
}

// check fails unless the events are, of each user, the oldest that wait, in order.
func (m *outboxModel) check(t *rapid.T, events []domain.EventID) {
	for _, user := range m.users {
		var got []domain.EventID
		for _, event := range events {
			if m.owner[event] == user {
				got = append(got, event)
			}
		}
		if want := m.waiting[user]; len(got) > len(want) || !slices.Equal(got, want[:len(got)]) {
			t.Fatalf("events of user %v: got %v, want the first of %v", user, got, want)
		}
	}
}

func (m *outboxModel) Bury(t *rapid.T) {
	user := rapid.SampledFrom(m.users).Draw(t, "user")
	if len(m.waiting[user]) == 0 {
		return
	}
	at := rapid.IntRange(0, len(m.waiting[user])-1).Draw(t, "event")
	if err := m.Outbox.Bury(m.tb.Context(), m.waiting[user][at], "too large", m.now); err != nil {
		t.Fatal(err)
	}
	m.waiting[user] = m.waiting[user][:at]
	m.held[user] = true
}

// Requeue makes every published event wait again, before those that wait.
func (m *outboxModel) Requeue(t *rapid.T) {
	count, err := m.Outbox.Requeue(m.tb.Context(), domain.EventID{}, 0, ports.StreamPosition{Stream: "stream", Sequence: 1})
	if err != nil || count != int64(len(m.gone)) {
		t.Fatalf("requeue: got %d events, error %v, want %d", count, err, len(m.gone))
	}
	again := map[domain.UserID][]domain.EventID{}
	for _, event := range m.gone {
		again[m.owner[event]] = append(again[m.owner[event]], event)
	}
	for user, events := range again {
		m.waiting[user] = append(events, m.waiting[user]...)
	}
	m.gone = nil
}

// finish publishes the rest and fails unless nothing waits any more.
func (m *outboxModel) finish(t *rapid.T) {
	for _, user := range m.users {
		m.end(user, true)
	}
	m.pass(time.Hour)
	for m.drain(t, 100, true) > 0 {
	}
	for user, events := range m.waiting {
		if len(events) > 0 {
			t.Errorf("events of user %v that were never published: %v", user, events)
		}
	}
	var pending int
	if err := m.db.read().QueryRowContext(m.tb.Context(), "SELECT count(*) FROM outbox_pending").Scan(&pending); err != nil || pending != 0 {
		t.Errorf("rows that wait: got %d, error %v, want none", pending, err)
	}
}

func (m *outboxModel) clear(t *rapid.T) {
	err := m.db.write(m.tb.Context(), func(ctx context.Context, tx bun.Tx) error {
		for _, table := range []string{"outbox_pending", "outbox_held", "outbox_dead", "outbox_events"} {
			if _, err := tx.ExecContext(ctx, "DELETE FROM "+table); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, "UPDATE outbox_shards SET last_id = 0, last_stream_seq = 0, stream = ''")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestWhateverHappensEachUsersEventsArePublishedInOrderAndNoneIsLost(t *testing.T) {
	t.Parallel()
	for _, backend := range []backend{sqliteFile, postgres} {
		t.Run(backend.name, func(t *testing.T) {
			t.Parallel()
			db := openDB(t, Options{URL: backend.url(t)})
			rapid.Check(t, func(rt *rapid.T) {
				m := newOutboxModel(t, db)
				defer func() {
					for _, user := range m.users {
						m.end(user, false)
					}
				}()
				m.clear(rt)
				rt.Repeat(map[string]func(*rapid.T){
					"append": m.Append, "begin": m.Begin, "end": m.End, "pass": m.Pass,
					"drain": m.Drain, "drain more": m.Drain, "bury": m.Bury, "requeue": m.Requeue,
				})
				m.finish(rt)
			})
		})
	}
}
