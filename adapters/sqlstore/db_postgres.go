package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"

	"github.com/menjin-id/menjin/domain"
)

// hotStatements are prepared on every connection, under their own text as the name, which is where pgx looks first.
var hotStatements = []string{
	userByID, userByWeChat, wholeUser, lockUser, insertUser, insertIdentity, lockUnionID,
	changingOne(insertNewIdentity), insertEventPostgres, openSession, touchSession,
	lockSessions, giveWay, lockSession, refreshSession, takeAllowance, takeTry,
	relaySettings, leaseShard, anyWorkable, shardPositions, takeEvents, recordPosition, recordProgress,
}

func (db *DB) openPostgres(ctx context.Context, options Options) error {
	config, err := postgresConfig(options.URL)
	if err != nil {
		return err
	}
	if !asks(options.URL, "pool_max_conns") {
		config.MaxConns = int32(options.MaxConns)
	}
	config.ConnConfig.DialFunc = listenTo(config.ConnConfig.DialFunc).Dial
	switch simple := config.ConnConfig.DefaultQueryExecMode == pgx.QueryExecModeSimpleProtocol; {
	case simple: // nothing is prepared, and poolers refuse parameters they do not know
	case options.ReadOnly:
		config.ConnConfig.RuntimeParams["default_transaction_read_only"] = "on"
	default:
		config.AfterConnect = prepareHotStatements
	}
	if options.Tracer != nil {
		config.ConnConfig.Tracer = postgresTracer{newSpans(options.Tracer, "postgresql")}
	}
	return db.connect(ctx, config)
}

func (db *DB) connect(ctx context.Context, config *pgxpool.Config) error {
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return translate(err)
	}
	db.pool = pool
	db.bun = bun.NewDB(stdlib.OpenDBFromPool(pool), pgdialect.New())
	return nil
}

// postgresConfig reads the URL and fills in what it leaves open. Its error holds nothing of the URL.
func postgresConfig(address domain.Secret) (*pgxpool.Config, error) {
	config, err := pgxpool.ParseConfig(address.Reveal())
	if err != nil {
		return nil, errors.New("the database URL is not one that PostgreSQL's driver understands")
	}
	conn := config.ConnConfig
	if !asks(address, "default_query_exec_mode") {
		// Bun writes values into the text of a statement: a cache of statements would only churn.
		conn.DefaultQueryExecMode = pgx.QueryExecModeExec
	}
	if !asks(address, "connect_timeout") {
		conn.ConnectTimeout = 5 * time.Second
	}
	conn.DialFunc = dialer(conn.ConnectTimeout, unacknowledged).DialContext
	defaults := map[string]string{"application_name": "menjin"}
	if conn.DefaultQueryExecMode != pgx.QueryExecModeSimpleProtocol { // poolers refuse parameters they do not know
		defaults["jit"] = "off" // the longest statement is over before its compilation would be
		defaults["statement_timeout"] = "30s"
		defaults["idle_in_transaction_session_timeout"] = "30s"
	}
	for name, value := range defaults {
		if _, set := conn.RuntimeParams[name]; !set {
			conn.RuntimeParams[name] = value
		}
	}
	return config, nil
}

// unacknowledged is how long a server may leave without a sign what a request has sent.
const unacknowledged = 5 * time.Second

type controlContext = func(ctx context.Context, network, address string, conn syscall.RawConn) error

// dialer makes connections of which a broken one is known within seconds, whether somebody waits on it or not.
func dialer(timeout, unacknowledged time.Duration) *net.Dialer {
	return &net.Dialer{
		Timeout: timeout, ControlContext: giveUpUnacknowledged(unacknowledged),
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 10 * time.Second, Interval: 5 * time.Second, Count: 3},
	}
}

// asks reports whether the URL itself sets a parameter.
func asks(address domain.Secret, parameter string) bool {
	parsed, err := url.Parse(address.Reveal())
	return err == nil && parsed.Query().Has(parameter)
}

func prepareHotStatements(ctx context.Context, conn *pgx.Conn) error {
	for _, statement := range hotStatements {
		if _, err := conn.Prepare(ctx, statement, statement); err != nil {
			return fmt.Errorf("prepare statements: %w", err)
		}
	}
	return nil
}
