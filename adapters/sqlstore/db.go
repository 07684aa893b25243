package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/uptrace/bun"
	"go.opentelemetry.io/otel/trace"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// DB is a migrated database at work. It is safe for concurrent use, and shared by the stores made on it.
type DB struct {
	bun    *bun.DB       // over the pool, or over SQLite's readers
	pool   *pgxpool.Pool // nil on SQLite
	writer *writer       // nil on PostgreSQL, and where nothing is to be written

	cipher   ports.Cipher
	codec    ports.EventCodec
	shards   int
	onCommit func()
	tracer   trace.Tracer // nil: no spans
}

// Open connects to a database that Migrate has brought up to date. The error matches domain.ErrUnavailable when the
// database cannot be reached. Close ends it.
func Open(ctx context.Context, options Options) (*DB, error) {
	options, err := options.complete()
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	db := &DB{cipher: options.Cipher, codec: options.Codec, shards: options.Shards, onCommit: options.OnCommit, tracer: options.Tracer}
	if isPostgresURL(options.URL) {
		err = db.openPostgres(ctx, options)
	} else {
		db.shards = 1
		err = db.openSQLite(options)
	}
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	if db.isPostgres() {
		if err := db.checkTransferred(ctx); err != nil {
			return nil, errors.Join(fmt.Errorf("open database: %w", err), db.Close())
		}
	}
	if options.ReadOnly {
		return db, nil
	}
	if err := db.divide(ctx, options.KeepShards); err != nil {
		return nil, errors.Join(fmt.Errorf("open database: %w", err), db.Close())
	}
	return db, nil
}

// Close waits for the transactions at work and disconnects.
func (db *DB) Close() error {
	var err error
	if db.writer != nil {
		err = db.writer.close()
	}
	err = errors.Join(err, db.bun.Close())
	if db.pool != nil {
		db.pool.Close()
	}
	return err
}

// Ping reports domain.ErrUnavailable when the database does not answer.
func (db *DB) Ping(ctx context.Context) error {
	if err := db.bun.PingContext(ctx); err != nil {
		return fmt.Errorf("ping database: %w", translate(err))
	}
	return nil
}

func (db *DB) isPostgres() bool { return db.pool != nil }

// read is for queries through Bun. On SQLite it refuses to write.
func (db *DB) read() bun.IDB { return db.bun }

// write runs change in a transaction through Bun and commits it when change returns nil. On SQLite the commit is shared with
// other transactions that were waiting, and the context given to change is never cancelled, as an interrupted statement
// would take theirs along.
func (db *DB) write(ctx context.Context, change func(ctx context.Context, tx bun.Tx) error) error {
	if db.writer != nil {
		return translate(db.traceWrite(ctx, change))
	}
	return translate(db.bun.RunInTx(ctx, nil, change))
}

// id is a UUID as an argument of a statement, for pgx, Bun and SQLite alike.
func (db *DB) id(id domain.ID) any {
	if db.isPostgres() {
		return id.String()
	}
	return id[:]
}

// idOrNull is id, the zero one being null.
func (db *DB) idOrNull(id domain.ID) any {
	if id.IsZero() {
		return nil
	}
	return db.id(id)
}

// instant is a time as an argument of a statement, for pgx, Bun and SQLite alike. The zero time is null.
func (db *DB) instant(at time.Time) any {
	switch {
	case at.IsZero():
		return nil
	case db.isPostgres():
		return at
	default:
		return at.UnixMicro()
	}
}
