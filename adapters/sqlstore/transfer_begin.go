package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// transferMark begins the names of the rows in meta that say how far a transfer is.
const transferMark = "transfer "

// A server takes a moment to notice that the run before is gone.
const (
	alonePatience = 15 * time.Second
	aloneRetry    = 100 * time.Millisecond
)

func (t *transfer) alone(ctx context.Context) error {
	patience := time.After(alonePatience)
	for {
		var locked bool
		err := t.to.QueryRow(ctx, "SELECT pg_try_advisory_lock(hashtextextended('menjin transfer', 0))").Scan(&locked)
		if err != nil || locked {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-patience:
			return errors.New("another transfer into the database is at work, or PostgreSQL has not noticed its end yet")
		case <-time.After(aloneRetry):
		}
	}
}

// mark returns what the first run noted of how it copies; nothing where no run has begun or one has finished.
func (t *transfer) mark(ctx context.Context) (text []byte, begun bool, err error) {
	err = t.to.QueryRow(ctx, "SELECT value FROM meta WHERE name = $1", transferMark+"begun").Scan(&text)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, false, nil
	}
	return text, err == nil, err
}

// manner is what every run into a target has to have in common.
func (t *transfer) manner() string {
	where := "PostgreSQL"
	if t.options.Sessions != nil {
		where = "Redis"
	}
	return fmt.Sprintf("events.shards %d and sessions in %s", t.options.Shards, where)
}

// finished refuses to compare where nothing is meant to be the same.
func (t *transfer) finished(ctx context.Context, tables []transferTable) error {
	if len(tables) == 0 {
		return errors.New("nothing has been transferred into the database")
	}
	if _, begun, err := t.mark(ctx); err != nil || !begun {
		return err
	}
	return ErrUnfinished
}

// begin refuses a target that holds rows which no transfer has brought, and marks one that holds none.
func (t *transfer) begin(ctx context.Context, tables []transferTable) error {
	before, begun, err := t.mark(ctx)
	if err != nil {
		return err
	}
	if begun && string(before) != t.manner() {
		return fmt.Errorf("it was begun with %s, and is now to have %s; set that as it was, or begin again with an empty target",
			before, t.manner())
	}
	if begun {
		return nil
	}
	for _, table := range tables {
		var any bool
		if err := t.to.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM "+quoted(table.name)+")").Scan(&any); err != nil {
			return err
		}
		if any {
			return fmt.Errorf("%w: there are rows in %s", ErrNotEmpty, table.name)
		}
	}
	_, err = t.to.Exec(ctx, "INSERT INTO meta (name, value) VALUES ($1, $2)", transferMark+"begun", []byte(t.manner()))
	return err
}

// checkTransferred is Open's.
func (db *DB) checkTransferred(ctx context.Context) error {
	var begun bool
	err := db.pool.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM meta WHERE name LIKE 'transfer %')").Scan(&begun)
	if err != nil {
		return translate(err)
	}
	if begun {
		return ErrUnfinished
	}
	return nil
}
