package sqlstore

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

const (
	appendedColumns = `event_id, type, schema_version, aggregate_id, aggregate_version, shard, subject, occurred_at, data, headers`

	insertEvent = `INSERT INTO outbox_events (` + appendedColumns + `)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`

	// insertPushed is for what WeChat pushed about a known user: the last argument is who.
	insertPushed = `INSERT INTO outbox_events (` + appendedColumns + `, about)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`

	insertPendingSQLite = `INSERT INTO outbox_pending (shard, id) VALUES ($1, last_insert_rowid())`

	insertEventPostgres = `
WITH event AS (INSERT INTO outbox_events (` + appendedColumns + `)
	VALUES ($1, $2, $3, $4, $5, ` + shardAgreed + `, $7, $8, $9, $10) RETURNING shard, id)
INSERT INTO outbox_pending (shard, id) SELECT shard, id FROM event`

	insertPushedPostgres = `
WITH event AS (INSERT INTO outbox_events (` + appendedColumns + `, about)
	VALUES ($1, $2, $3, $4, $5, ` + shardAgreed + `, $7, $8, $9, $10, $12) RETURNING shard, id)
INSERT INTO outbox_pending (shard, id) SELECT shard, id FROM event`
)

// eventAppender is ports.Outbox within a transaction. The events without a user are those that the codec lets pass: of what
// WeChat pushed, which nothing puts in order.
type eventAppender struct{ unit *unit }

func (a eventAppender) Append(ctx context.Context, events ...domain.Event) error {
	return a.unit.do("append events", func() error {
		for _, event := range events {
			if _, locked := a.unit.held[event.UserID]; !locked && !event.UserID.IsZero() {
				return errNotLocked
			}
			if err := a.append(ctx, event); err != nil {
				return fmt.Errorf("%s event: %w", event.Type, err)
			}
			a.unit.events++
		}
		return nil
	})
}

func (a eventAppender) append(ctx context.Context, event domain.Event) error {
	message, err := a.unit.db.codec.Encode(event)
	if err != nil {
		return err
	}
	if a.unit.db.tracer != nil {
		message.Headers = a.unit.db.traceAppend(ctx, message)
	}
	args, shard, err := a.unit.db.eventRow(message)
	if err != nil {
		return err
	}
	insert, insertPostgres := insertEvent, insertEventPostgres
	if pushed, ok := event.Facts.(domain.WeChatPushed); ok && !pushed.UserID.IsZero() {
		insert, insertPostgres = insertPushed, insertPushedPostgres
		args = append(args, a.unit.db.id(pushed.UserID.ID))
	}
	if a.unit.db.isPostgres() {
		return a.unit.to.exec(ctx, insertPostgres, args...)
	}
	if err := a.unit.to.exec(ctx, insert, args...); err != nil {
		return err
	}
	return a.unit.to.exec(ctx, insertPendingSQLite, shard)
}

// eventRow returns the arguments of insertEvent, or of insertEventPostgres. Headers are a JSON object.
func (db *DB) eventRow(message ports.Message) (args []any, shard int16, err error) {
	headers := []byte("{}")
	if len(message.Headers) > 0 {
		if headers, err = json.Marshal(message.Headers); err != nil {
			return nil, 0, err
		}
	}
	shard = shardOf(message.UserID, db.shards)
	args = []any{
		db.id(message.ID.ID), message.Type, int32(message.SchemaVersion), db.id(message.UserID.ID), message.UserVersion, shard,
		message.Subject, db.instant(message.At), string(message.Data), string(headers),
	}
	if db.isPostgres() {
		args = append(args, db.division())
	}
	return args, shard, nil
}

// shardOf puts all of a user's events into one shard. Its answers are stored: the hash must never change.
func shardOf(user domain.UserID, shards int) int16 {
	hash := fnv.New32a()
	_, _ = hash.Write(user.ID[:])
	return int16(hash.Sum32() % uint32(shards))
}
