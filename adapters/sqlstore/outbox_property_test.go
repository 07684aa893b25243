package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"testing"
	"time"

	"github.com/uptrace/bun"
	"pgregory.net/rapid"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// outboxModel is what should be in an outbox: the committed events of each user, the oldest first.
type outboxModel struct {
	*outboxTest
	tb     testing.TB
	users  []domain.UserID
	events map[domain.UserID][]*modelEvent
	open   map[domain.UserID]*opened // an event that is not committed yet
}

type modelEvent struct {
	id       domain.EventID
	standing standing
}

// standing is where an event is. One that waits behind a dead letter is held.
type standing int

const (
	waiting standing = iota
	gone
	dead
	discarded
)

type opened struct {
	tx    *sql.Tx
	event domain.EventID
}

func newOutboxModel(tb testing.TB, db *DB) *outboxModel {
	m := &outboxModel{
		outboxTest: newOutboxTest(tb, db, OutboxOptions{Slack: 1, FullScanEvery: time.Hour}), tb: tb,
		events: map[domain.UserID][]*modelEvent{}, open: map[domain.UserID]*opened{},
	}
	for range 3 {
		m.users = append(m.users, newUserID())
	}
	return m
}

func (m *outboxModel) committed(user domain.UserID, event domain.EventID) {
	m.events[user] = append(m.events[user], &modelEvent{id: event})
}

// due returns the user's events that are to be published, the oldest first.
func (m *outboxModel) due(user domain.UserID) (due []*modelEvent) {
	for _, event := range m.events[user] {
		if event.standing == dead {
			break
		}
		if event.standing == waiting {
			due = append(due, event)
		}
	}
	return due
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

// drain returns the events that were handed out.
func (m *outboxModel) drain(t *rapid.T, limit int, acknowledged bool) (handed []ports.OutboxEvent) {
	_, err := m.Outbox.Drain(m.tb.Context(), limit, func(_ context.Context, recorded ports.StreamPosition, events []ports.OutboxEvent) (ports.StreamPosition, error) {
		handed = events
		m.check(t, events, acknowledged)
		if !acknowledged {
			return recorded, errStreamAway
		}
		return ports.StreamPosition{Stream: "stream", Sequence: recorded.Sequence + uint64(len(events))}, nil
	})
	if err != nil && !errors.Is(err, errStreamAway) {
		t.Fatal(err)
	}
	return handed
}

// check fails unless the events are, of each user, the oldest that are due, in order.
func (m *outboxModel) check(t *rapid.T, events []ports.OutboxEvent, acknowledged bool) {
	due := map[domain.UserID][]*modelEvent{}
	for _, user := range m.users {
		due[user] = m.due(user)
	}
	for _, event := range events {
		expected := due[event.UserID]
		if len(expected) == 0 || expected[0].id != event.Message.ID {
			t.Fatalf("event of user %v: got %v, want the first of %v", event.UserID, event.Message.ID, expected)
		}
		if acknowledged {
			expected[0].standing = gone
		}
		due[event.UserID] = expected[1:]
	}
}

// Refuse has the stream refuse one event of a batch.
func (m *outboxModel) Refuse(t *rapid.T) {
	handed := m.drain(t, rapid.IntRange(1, 4).Draw(t, "limit"), false)
	if len(handed) == 0 {
		return
	}
	refused := rapid.SampledFrom(handed).Draw(t, "event")
	if err := m.Bury(m.tb.Context(), refused.Message.ID, "too large", m.now); err != nil {
		t.Fatal(err)
	}
	for _, event := range m.events[refused.UserID] {
		if event.id == refused.Message.ID {
			event.standing = dead
		}
	}
}

func (m *outboxModel) Retry(t *rapid.T) { m.decide(t, m.Outbox.Retry, waiting) }

func (m *outboxModel) Discard(t *rapid.T) { m.decide(t, m.Outbox.Discard, discarded) }

func (m *outboxModel) decide(t *rapid.T, decide func(context.Context, domain.EventID, domain.AuditEntry) error, then standing) {
	var letters []*modelEvent
	for _, user := range m.users {
		for _, event := range m.events[user] {
			if event.standing == dead {
				letters = append(letters, event)
			}
		}
	}
	if len(letters) == 0 {
		return
	}
	letter := rapid.SampledFrom(letters).Draw(t, "letter")
	if err := decide(m.tb.Context(), letter.id, decisionNote()); err != nil {
		t.Fatal(err)
	}
	letter.standing = then
}

// Requeue makes every published event wait again, before those that wait.
func (m *outboxModel) Requeue(t *rapid.T) {
	var want int64
	for _, events := range m.events {
		for _, event := range events {
			if event.standing == gone {
				event.standing = waiting
				want++
			}
		}
	}
	count, err := m.Outbox.Requeue(m.tb.Context(), domain.EventID{}, 0, ports.StreamPosition{Stream: "stream", Sequence: 1})
	if err != nil || count != want {
		t.Fatalf("requeue: got %d events, error %v, want %d", count, err, want)
	}
}

// finish publishes the rest and fails unless nothing waits any more.
func (m *outboxModel) finish(t *rapid.T) {
	for _, user := range m.users {
		m.end(user, true)
	}
	m.pass(time.Hour)
	for len(m.drain(t, 100, true)) > 0 {
	}
	for _, user := range m.users {
		if due := m.due(user); len(due) > 0 {
			t.Errorf("events of user %v that were never published: %v", user, due)
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
					"drain": m.Drain, "drain more": m.Drain, "requeue": m.Requeue,
					"refuse": m.Refuse, "retry": m.Retry, "discard": m.Discard,
				})
				m.finish(rt)
			})
		})
	}
}
