package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/uptrace/bun"

	"github.com/menjin-id/menjin/domain"
)

var (
	// ErrUnfinished is matched by the error of Open when a transfer into the database was begun and not finished.
	ErrUnfinished = errors.New("a transfer into the database is not finished; run menjin transfer again")
	// ErrNotEmpty is matched by the error of Transfer when the target holds anything but what an earlier run has begun.
	ErrNotEmpty = errors.New("the target database is not empty")
	// ErrDiffers is matched by the error of Transfer when the target does not hold what the source does.
	ErrDiffers = errors.New("the rows differ")
)

// transferBatch is how many rows are copied in one transaction, and at most twice after a crash.
const transferBatch = 500

// transferMark begins the names of the rows in meta that say how far a transfer is.
const transferMark = "transfer "

// TransferOptions say what to copy, and who wants to know how it goes.
type TransferOptions struct {
	Shards     int  // of the target's outbox, 1 if zero
	VerifyOnly bool // copy nothing, and compare what an earlier run has copied
	Progress   func(TransferProgress)

	// Sessions, where they are kept elsewhere, and with them what counts requests, moves and compares them. It is called while
	// no service starts on the target, and not before that is known to be empty, or an earlier run's.
	Sessions func(ctx context.Context) error
}

// TransferProgress is how far a table is.
type TransferProgress struct {
	Doing    string // "copy" or "compare"
	Table    string
	Rows, Of int64 // Of is 0 where nobody counted
}

// Transferred is a table that was copied, and compared.
type Transferred struct {
	Table  string `json:"table"`
	Rows   int64  `json:"rows"`
	SHA256 string `json:"sha256"` // the sum of the rows' digests
}

// Transfer copies everything from an SQLite database into a PostgreSQL one that Migrate has brought to the same schema, and
// compares every row afterwards. Nobody may write to either meanwhile. What a run has begun that was broken off the next one
// goes on with, behind the last row that is there; until one has finished, Open refuses the target.
func Transfer(ctx context.Context, from *DB, to domain.Secret, options TransferOptions) ([]Transferred, error) {
	options.Shards = max(options.Shards, 1)
	config, err := postgresConfig(to)
	if err != nil {
		return nil, err
	}
	patientWithStatements(config.ConnConfig)
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

// patientWithStatements sets no limit to how long they take, but has the server notice within a minute when this machine is
// gone: until then another run is kept away.
func patientWithStatements(config *pgx.ConnConfig) {
	delete(config.RuntimeParams, "statement_timeout")
	delete(config.RuntimeParams, "idle_in_transaction_session_timeout")
	if config.DefaultQueryExecMode == pgx.QueryExecModeSimpleProtocol {
		return
	}
	for name, value := range map[string]string{
		"tcp_keepalives_idle": "20", "tcp_keepalives_interval": "10", "tcp_keepalives_count": "3",
	} {
		if _, set := config.RuntimeParams[name]; !set {
			config.RuntimeParams[name] = value
		}
	}
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
	if t.options.VerifyOnly {
		if err := t.finished(ctx, tables); err != nil {
			return nil, err
		}
	} else if err := t.copyAll(ctx, tables); err != nil {
		return nil, err
	}
	if t.options.Sessions != nil {
		if err := t.options.Sessions(ctx); err != nil {
			return nil, err
		}
	}
	var done []Transferred
	for _, table := range tables {
		compared, err := t.compare(ctx, table)
		if err != nil {
			return nil, fmt.Errorf("compare %s: %w", table.name, err)
		}
		done = append(done, compared)
	}
	if t.options.VerifyOnly {
		return done, nil
	}
	_, err = t.to.Exec(ctx, "DELETE FROM meta WHERE name LIKE $1", transferMark+"%")
	return done, err
}

func (t *transfer) copyAll(ctx context.Context, tables []transferTable) error {
	if err := t.begin(ctx, tables); err != nil {
		return err
	}
	for _, table := range tables {
		if err := t.copyTable(ctx, table); err != nil {
			return fmt.Errorf("copy %s: %w", table.name, err)
		}
	}
	if err := t.copyPosition(ctx); err != nil {
		return fmt.Errorf("copy the position in the stream: %w", err)
	}
	return nil
}

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
	return !slices.Contains(notTransferred, table) && (t.options.Sessions == nil || !slices.Contains(withSessions, table))
}
