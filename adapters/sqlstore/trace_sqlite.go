package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"

	"github.com/uptrace/bun"
	"go.opentelemetry.io/otel/trace"
)

// openDriver opens a SQLite file. With a tracer every statement is told to it, whether it comes from Bun or not.
func openDriver(dsn string, tracer trace.Tracer) (*sql.DB, error) {
	db, err := sql.Open("sqlite", dsn)
	if err != nil || tracer == nil {
		return db, err
	}
	traced := sqliteConnector{dsn: dsn, plain: db.Driver(), spans: newSpans(tracer, "sqlite")}
	return sql.OpenDB(traced), db.Close() // that one has connected to nothing
}

// sqliteConnector makes connections that are traced.
type sqliteConnector struct {
	spans
	dsn   string
	plain driver.Driver
}

// Driver is driver.Connector's.
func (c sqliteConnector) Driver() driver.Driver { return c.plain }

// Connect is driver.Connector's.
func (c sqliteConnector) Connect(context.Context) (driver.Conn, error) {
	conn, err := c.plain.Open(c.dsn)
	if err != nil {
		return nil, err
	}
	whole, ok := conn.(wholeConn)
	if !ok {
		return nil, errors.Join(fmt.Errorf("the driver's connection %T is not one that can be traced", conn), conn.Close())
	}
	return &sqliteConn{whole, c.spans}, nil
}

// wholeConn is all that database/sql asks of a connection to SQLite.
type wholeConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

type sqliteConn struct {
	wholeConn
	spans spans
}

// ExecContext is driver.ExecerContext's.
func (c *sqliteConn) ExecContext(ctx context.Context, statement string, args []driver.NamedValue) (driver.Result, error) {
	ctx, span := c.begin(ctx, statement)
	result, err := c.wholeConn.ExecContext(ctx, statement, args)
	endSpan(span, err)
	return result, err
}

// QueryContext is driver.QueryerContext's.
func (c *sqliteConn) QueryContext(ctx context.Context, statement string, args []driver.NamedValue) (driver.Rows, error) {
	ctx, span := c.begin(ctx, statement)
	rows, err := c.wholeConn.QueryContext(ctx, statement, args)
	endSpan(span, err)
	return rows, err
}

func (c *sqliteConn) begin(ctx context.Context, statement string) (context.Context, trace.Span) {
	if !trace.SpanContextFromContext(ctx).IsSampled() {
		return ctx, nil
	}
	return c.spans.begin(ctx, nameOf(statement))
}

// traceWrite makes a span of a whole transaction, since it waits for its turn and for the disk outside of its statements.
func (db *DB) traceWrite(ctx context.Context, change func(ctx context.Context, tx bun.Tx) error) error {
	if db.tracer == nil {
		return db.writer.do(ctx, change)
	}
	ctx, span := newSpans(db.tracer, "sqlite").begin(ctx, "transaction")
	err := db.writer.do(ctx, change)
	endSpan(span, err)
	return err
}
