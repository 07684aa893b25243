package sqlstore

import (
	"context"
	"fmt"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

const (
	// eventColumns are those of the events e, as readEvent reads them.
	eventColumns = `e.id, e.event_id, e.type, e.schema_version, e.subject, e.aggregate_id, e.aggregate_version, e.occurred_at, e.data,
	e.headers`

	// The first half is a page of dead letters, each with the user's next one, and is looked through once. The order of its
	// inner join is given, as SQLite would begin with the dead letters of everybody.
	deadLetters = `
WITH page AS MATERIALIZED (
	SELECT d.*, CASE WHEN d.resolved_by IS NULL THEN (
		SELECT min(n.id) FROM outbox_events u CROSS JOIN outbox_dead n
		WHERE u.aggregate_id = e.aggregate_id AND u.id > d.id AND n.id = u.id AND n.resolved_by IS NULL) END AS next
	FROM outbox_dead d JOIN outbox_events e ON e.id = d.id%s ORDER BY d.id LIMIT %s
)
SELECT ` + eventColumns + `, d.reason, d.attempts, d.first_failed_at, d.last_failed_at, COALESCE(d.resolved_by, ''),
	CASE WHEN d.resolved_by IS NULL THEN (
		SELECT count(*) FROM outbox_events l WHERE l.aggregate_id = e.aggregate_id AND l.id > d.id AND (d.next IS NULL OR l.id < d.next)
			AND NOT EXISTS (SELECT 1 FROM outbox_dead g WHERE g.id = l.id AND g.resolved_by = 'discarded'))
	ELSE 0 END
FROM page d JOIN outbox_events e ON e.id = d.id ORDER BY d.id`
)

var _ ports.DeadLetters = (*Outbox)(nil)

// Dead is ports.DeadLetters'. A letter that was decided on goes with its event.
func (o *Outbox) Dead(ctx context.Context, filter ports.DeadLetterFilter, after int64, limit int) (letters []ports.DeadLetter, err error) {
	var asked conditions
	asked.add("d.id >", after)
	if !filter.Event.IsZero() {
		asked.add("e.event_id =", o.db.id(filter.Event.ID))
	}
	if !filter.User.IsZero() {
		asked.add("e.aggregate_id =", o.db.id(filter.User.ID))
	}
	where := asked.where()
	if !filter.Resolved {
		where += " AND d.resolved_by IS NULL"
	}
	err = o.db.query(ctx, func(found rows) error {
		letters, err = readLetters(found)
		return err
	}, fmt.Sprintf(deadLetters, where, asked.arg(limit)), asked.args...)
	if err != nil {
		return nil, fmt.Errorf("read dead letters: %w", err)
	}
	return letters, nil
}

func readLetters(from rows) (letters []ports.DeadLetter, err error) {
	for from.Next() {
		var (
			letter      ports.DeadLetter
			first, last timeColumn
			resolved    string
		)
		letter.Event, err = readEvent(from, &letter.Reason, &letter.Attempts, &first, &last, &resolved, &letter.Behind)
		if err != nil {
			return nil, err
		}
		letter.FirstFailedAt, letter.LastFailedAt = time.Time(first), time.Time(last)
		letter.Resolved = ports.Resolution(resolved)
		letters = append(letters, letter)
	}
	return letters, nil
}

// readEvent reads the columns of an event, and those after them into more.
func readEvent(from rows, more ...any) (event ports.OutboxEvent, err error) {
	var (
		id, user idColumn
		at       timeColumn
		headers  []byte
	)
	err = from.Scan(append([]any{
		&event.ID, &id, &event.Type, &event.SchemaVersion, &event.Subject, &user, &event.UserVersion, &at, &event.Data, &headers,
	}, more...)...)
	if err != nil {
		return event, err
	}
	event.Message.ID.ID, event.UserID.ID, event.At = domain.ID(id), domain.ID(user), time.Time(at)
	event.Headers, err = readHeaders(headers)
	return event, err
}
