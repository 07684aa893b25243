package sqlstore

import (
	"context"
	"errors"
	"fmt"

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

// patientWithStatements sets no limit to how long they take, and lets the server read slowly what is copied, but has it notice
// within a minute when this machine is gone: until then another run is kept away.
func patientWithStatements(config *pgx.ConnConfig) {
	config.DialFunc = dialer(config.ConnectTimeout, 12*unacknowledged).DialContext
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
