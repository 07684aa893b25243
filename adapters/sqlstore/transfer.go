package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/uptrace/bun"

	"github.com/menjin-id/menjin/domain"
)

var (
	// ErrUnfinished is matched by the error of Open when a transfer into the database was begun and not finished.
	ErrUnfinished = errors.New("a transfer into the database is not finished")
	// ErrNotEmpty is matched by the error of Transfer when the target holds anything but what an earlier run has begun.
	ErrNotEmpty = errors.New("the target database is not empty")
)

// transferBatch is how many rows are copied in one transaction, and at most twice after a crash.
const transferBatch = 2000

// transferMark begins the names of the rows in meta that say how far a transfer is.
const transferMark = "transfer "

// TransferOptions say what to copy, and who wants to know how it goes.
type TransferOptions struct {
	Shards     int  // of the target's outbox, 1 if zero
	NoSessions bool // sessions, and what counts requests, are kept elsewhere
	Progress   func(table string, rows int64)
}

// Transferred is a table that was copied, and compared.
type Transferred struct {
	Table  string `json:"table"`
	Rows   int64  `json:"rows"`
	SHA256 string `json:"sha256"` // the sum of the rows' digests
}

// Transfer copies everything from an SQLite database into a PostgreSQL one that Migrate has brought to the same schema, and
// compares every row afterwards. Nobody may write to either meanwhile. What a run has begun that was broken off the next one
// goes on with; until one has finished, Open refuses the target.
func Transfer(ctx context.Context, from *DB, to domain.Secret, options TransferOptions) ([]Transferred, error) {
	options.Shards = max(options.Shards, 1)
	config, err := postgresConfig(to)
	if err != nil {
		return nil, err
	}
	delete(config.ConnConfig.RuntimeParams, "statement_timeout")
	delete(config.ConnConfig.RuntimeParams, "idle_in_transaction_session_timeout")
	conn, err := pgx.ConnectConfig(ctx, config.ConnConfig)
	if err != nil {
		return nil, fmt.Errorf("transfer: %w", translate(err))
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }() // all is committed, or nothing
	t := &transfer{from: from.bun, to: conn, options: options}
	done, err := t.run(ctx)
	if err != nil {
		return nil, fmt.Errorf("transfer: %w", translate(err))
	}
	return done, nil
}

type transfer struct {
	from    *bun.DB
	to      *pgx.Conn
	options TransferOptions
}

func (t *transfer) run(ctx context.Context) ([]Transferred, error) {
	// Two at once would take each other's rows for their own.
	if err := t.alone(ctx); err != nil {
		return nil, err
	}
	tables, err := t.tables(ctx)
	if err != nil {
		return nil, err
	}
	if err := t.begin(ctx, tables); err != nil {
		return nil, err
	}
	for _, table := range tables {
		if err := t.copyTable(ctx, table); err != nil {
			return nil, fmt.Errorf("copy %s: %w", table.name, err)
		}
	}
	if err := t.copyPosition(ctx); err != nil {
		return nil, fmt.Errorf("copy the position in the stream: %w", err)
	}
	var done []Transferred
	for _, table := range tables {
		compared, err := t.compare(ctx, table)
		if err != nil {
			return nil, fmt.Errorf("compare %s: %w", table.name, err)
		}
		done = append(done, compared)
	}
	_, err = t.to.Exec(ctx, "DELETE FROM meta WHERE name LIKE $1", transferMark+"%")
	return done, err
}

func (t *transfer) alone(ctx context.Context) error {
	var locked bool
	err := t.to.QueryRow(ctx, "SELECT pg_try_advisory_lock(hashtextextended('menjin transfer', 0))").Scan(&locked)
	if err == nil && !locked {
		err = errors.New("another transfer into the database is at work")
	}
	return err
}

// begin refuses a target that holds rows which no transfer has brought, and marks one that holds none.
func (t *transfer) begin(ctx context.Context, tables []transferTable) error {
	var begun bool
	err := t.to.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM meta WHERE name LIKE $1)", transferMark+"%").Scan(&begun)
	if err != nil || begun {
		return err
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
	_, err = t.to.Exec(ctx, "INSERT INTO meta (name, value) VALUES ($1, '')", transferMark+"begun")
	return err
}

// copyPosition lets every shard go on where the one of SQLite was, and the next event have the next id.
func (t *transfer) copyPosition(ctx context.Context) error {
	var paused bool
	var sequence, next int64
	var stream string
	err := t.from.QueryRowContext(ctx, "SELECT paused, last_stream_seq, stream FROM outbox_shards WHERE shard = 0").
		Scan(&paused, &sequence, &stream)
	if err != nil {
		return err
	}
	err = t.from.QueryRowContext(ctx, "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'outbox_events'), 0)").Scan(&next)
	if err != nil {
		return err
	}
	_, err = t.to.Exec(ctx, `INSERT INTO outbox_shards (shard, paused, last_stream_seq, stream)
SELECT n, $2, $3, $4 FROM generate_series(0, $1::int - 1) AS n
ON CONFLICT (shard) DO UPDATE SET paused = $2, last_stream_seq = $3, stream = $4`, t.options.Shards, paused, sequence, stream)
	if err != nil || next == 0 {
		return err
	}
	_, err = t.to.Exec(ctx, "SELECT setval(pg_get_serial_sequence('outbox_events', 'id'), $1)", next)
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

// notTransferred are tables of the migrations, of what is at work, and those that copyPosition sees to.
var notTransferred = []string{"goose_db_version", "data_key_work", "outbox_shards", "outbox_progress"}

// withSessions are tables that a Redis takes the place of.
var withSessions = []string{"sessions", "session_fences", "rate_limits", "attempts"}

func (t *transfer) wanted(table string) bool {
	return !slices.Contains(notTransferred, table) && (!t.options.NoSessions || !slices.Contains(withSessions, table))
}
