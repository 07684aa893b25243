package sqlstore

import (
	"context"

	"github.com/menjin-id/menjin/ports"
)

// replayStep is what one Continue has to do, and how it reads.
type replayStep struct {
	query  func(ctx context.Context, read func(rows) error, statement string, args ...any) error
	replay storedReplay
	limit  int
}

// replayBound tells how many events there are to look at, and which is the last.
const replayBound = `SELECT count(*), COALESCE(max(id), 0) FROM (
	SELECT id FROM outbox_events WHERE id > $1 AND id <= $2 ORDER BY id LIMIT $3) AS looked_at`

// toReplay returns the next events, and the id up to which everything was looked at then.
func (db *DB) toReplay(ctx context.Context, step replayStep) (events []ports.OutboxEvent, reached int64, err error) {
	if reached, err = step.bound(ctx); err != nil {
		return nil, 0, err
	}
	statement, args := db.replayPage(step.replay.Replay, reached, step.limit)
	err = step.query(ctx, func(from rows) error {
		for from.Next() {
			event, err := readEvent(from)
			if err != nil {
				return err
			}
			events = append(events, event)
		}
		return nil
	}, statement, args...)
	if len(events) == step.limit {
		reached = events[len(events)-1].ID
	}
	return events, reached, err
}

// bound is the id up to which this step looks. A user's events are few, and found by the user.
func (s replayStep) bound(ctx context.Context) (last int64, err error) {
	if !s.replay.Filter.User.IsZero() {
		return max(s.replay.Next, s.replay.Last), nil
	}
	count := 0
	err = s.query(ctx, func(from rows) error {
		for from.Next() {
			if err := from.Scan(&count, &last); err != nil {
				return err
			}
		}
		return nil
	}, replayBound, s.replay.Next, s.replay.Last, replayReach)
	if count < replayReach {
		last = max(s.replay.Next, s.replay.Last)
	}
	return last, err
}

func (db *DB) replayPage(replay ports.Replay, last int64, limit int) (statement string, args []any) {
	filter, mine, from := replay.Filter, "", "outbox_events e"
	var asked conditions
	if !filter.User.IsZero() {
		mine = "WITH mine AS MATERIALIZED (SELECT id FROM outbox_events WHERE aggregate_id = " + asked.arg(db.id(filter.User.ID)) + ") "
		from = "mine JOIN outbox_events e ON e.id = mine.id"
	}
	asked.add("e.id >", replay.Next)
	asked.add("e.id <=", last)
	if filter.Type != "" {
		asked.add("e.type =", filter.Type)
	}
	if !filter.Since.IsZero() {
		asked.add("e.occurred_at >=", db.instant(filter.Since))
	}
	if !filter.Until.IsZero() {
		asked.add("e.occurred_at <", db.instant(filter.Until))
	}
	statement = mine + "SELECT " + eventColumns + " FROM " + from + asked.where() + " AND" + published +
		" ORDER BY e.id LIMIT " + asked.arg(limit)
	return statement, asked.args
}
