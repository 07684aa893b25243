package inbox

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
	"time"

	menjin "github.com/menjin-id/menjin/clients/go"
)

// Dialect is the kind of SQL that a database speaks.
type Dialect int

// The dialects.
const (
	PostgreSQL Dialect = iota + 1
	SQLite             // open it with _txlock=immediate: a transaction that reads first may fail to write later
)

// sweepChunk keeps a sweep from holding what handlers wait for.
const sweepChunk = 1000

// Schema is the table, the same for both dialects. All inboxes of a database share it.
const Schema = `create table if not exists menjin_inbox (
	consumer   text   not null,
	event_id   text   not null,
	user_id    text   not null,
	sequence   bigint not null,
	handled_at bigint not null, -- seconds since 1970
	primary key (consumer, event_id)
);
create index if not exists menjin_inbox_order on menjin_inbox (consumer, user_id, sequence);
create index if not exists menjin_inbox_age on menjin_inbox (consumer, handled_at);`

// Execer is a *sql.DB or *sql.Tx.
type Execer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// Tx is a *sql.Tx, also the one inside a bun.Tx.
type Tx interface {
	Execer
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Inbox remembers what one consumer has handled.
type Inbox struct {
	consumer             string
	insert, newer, sweep string
}

// New makes an inbox. The name is the subscriber's, or another one where the same events have several effects that succeed and
// fail apart from each other.
func New(consumer string, dialect Dialect) *Inbox {
	return &Inbox{
		consumer: consumer,
		insert: dialect.place(`insert into menjin_inbox (consumer, event_id, user_id, sequence, handled_at)
			values (?, ?, ?, ?, ?) on conflict (consumer, event_id) do nothing`),
		newer: dialect.place(`select exists (select 1 from menjin_inbox where consumer = ? and user_id = ? and sequence > ?)`),
		sweep: dialect.place(`delete from menjin_inbox where (consumer, event_id) in
			(select consumer, event_id from menjin_inbox where consumer = ? and handled_at < ? limit ?)`),
	}
}

// place numbers the placeholders for PostgreSQL.
func (d Dialect) place(query string) string {
	if d != PostgreSQL {
		return query
	}
	var numbered strings.Builder
	for i, part := range strings.Split(query, "?") {
		if i > 0 {
			numbered.WriteString("$" + strconv.Itoa(i))
		}
		numbered.WriteString(part)
	}
	return numbered.String()
}

// Create makes the table when it does not exist.
func (b *Inbox) Create(ctx context.Context, db Execer) error {
	for statement := range strings.SplitSeq(Schema, ";\n") {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("create the inbox: %w", err)
		}
	}
	return nil
}

// Record remembers an event in a transaction. It tells whether the event is fresh: handled by no committed transaction, so that
// the caller does its work and commits; and whether it is late: a newer event of the same user was recorded before. While
// another transaction records the same event, it waits for that one's end.
func Record[T any](ctx context.Context, b *Inbox, tx Tx, event menjin.Event[T]) (fresh, late bool, err error) {
	result, err := tx.ExecContext(ctx, b.insert, b.consumer, event.ID, event.UserID, event.Sequence, time.Now().Unix())
	if err != nil {
		return false, false, fmt.Errorf("record event %s: %w", event.ID, err)
	}
	if rows, err := result.RowsAffected(); err != nil || rows == 0 {
		return false, false, err
	}
	if event.UserID == "" {
		return true, false, nil
	}
	if err := tx.QueryRowContext(ctx, b.newer, b.consumer, event.UserID, event.Sequence).Scan(&late); err != nil {
		return false, false, fmt.Errorf("compare event %s: %w", event.ID, err)
	}
	return true, late, nil
}

// Sweep forgets what was handled before a time, and returns how many events. What can come again must be remembered for
// at least 38 days: the service may send an event once more, under its id, for 7 days, and the stream then keeps it for 30 (more
// where you had it keep more). Subtract that from now, and call it once a day.
func (b *Inbox) Sweep(ctx context.Context, db Execer, before time.Time) (swept int64, err error) {
	for {
		result, err := db.ExecContext(ctx, b.sweep, b.consumer, before.Unix(), sweepChunk)
		if err != nil {
			return swept, fmt.Errorf("sweep the inbox: %w", err)
		}
		n, err := result.RowsAffected()
		if swept += n; err != nil || n < sweepChunk {
			return swept, err
		}
	}
}
