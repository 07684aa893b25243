package sqlstore

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// rollbackTime bounds a rollback: what takes longer loses its connection, which ends the transaction too.
const rollbackTime = time.Second

var errNotCommitted = errors.New("the server rolled the transaction back")

// pipeline holds statements back and sends them together. When nothing was read, all of them go in one batch, which PostgreSQL
// runs as one transaction by itself: one round trip. A read sends what waits in front of it, behind a BEGIN, and the commit
// sends what waits then, before a COMMIT: two.
type pipeline struct {
	pool      *pgxpool.Pool
	queue     pgx.Batch
	otherwise map[*pgx.QueuedQuery]error // what it means that a statement did not change its row
	conn      *pgxpool.Conn              // from the first read on
}

func (p *pipeline) exec(_ context.Context, statement string, args ...any) error {
	p.queue.Queue(statement, args...)
	return nil
}

func (p *pipeline) execOne(_ context.Context, otherwise error, statement string, args ...any) error {
	if p.otherwise == nil {
		p.otherwise = make(map[*pgx.QueuedQuery]error, 1)
	}
	p.otherwise[p.queue.Queue(changingOne(statement), args...)] = otherwise
	return nil
}

// changingOne makes the server itself take offence, by a division, at a statement that changes no row: the commit may be on
// its way already when the number of rows comes back.
func changingOne(statement string) string {
	return "WITH changed AS (" + statement + " RETURNING 1) SELECT 1 / count(*) FROM changed"
}

func (p *pipeline) query(ctx context.Context, read func(rows) error, statement string, args ...any) error {
	if p.conn == nil {
		conn, err := p.pool.Acquire(ctx)
		if err != nil {
			return err
		}
		p.conn = conn
		p.queue.QueuedQueries = append([]*pgx.QueuedQuery{{SQL: "BEGIN"}}, p.queue.QueuedQueries...)
	}
	before := p.queue.Len()
	p.queue.Queue(statement, args...)
	sent := p.take()
	results := p.conn.SendBatch(ctx, sent)
	err := p.check(results, sent.QueuedQueries[:before])
	if err == nil {
		found, queryErr := results.Query()
		if err = queryErr; err == nil {
			err = read(found)
			found.Close()
			err = first(found.Err(), err)
		}
	}
	return first(err, results.Close())
}

// commit makes everything last. When its error tells of a broken connection, it is not known whether it did.
func (p *pipeline) commit(ctx context.Context) error {
	if p.conn == nil {
		if p.queue.Len() == 0 {
			return ctx.Err()
		}
		sent := p.take()
		results := p.pool.SendBatch(ctx, sent)
		return first(p.check(results, sent.QueuedQueries), results.Close())
	}
	count := p.queue.Len()
	p.queue.Queue("COMMIT")
	sent := p.take()
	results := p.conn.SendBatch(ctx, sent)
	err := p.check(results, sent.QueuedQueries[:count])
	if err == nil {
		var tag pgconn.CommandTag
		if tag, err = results.Exec(); err == nil && tag.String() != "COMMIT" {
			err = errNotCommitted
		}
	}
	return first(err, results.Close())
}

// check reads the results of the statements that were sent first.
func (p *pipeline) check(results pgx.BatchResults, sent []*pgx.QueuedQuery) error {
	for _, statement := range sent {
		_, err := results.Exec()
		if otherwise, one := p.otherwise[statement]; one && dividedByZero(err) {
			return otherwise
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (p *pipeline) take() *pgx.Batch {
	queue := p.queue
	p.queue = pgx.Batch{}
	return &queue
}

// end gives the connection back, rolled back unless it was committed.
func (p *pipeline) end(ctx context.Context) {
	if p.conn == nil {
		return
	}
	if state := p.conn.Conn().PgConn().TxStatus(); state != 'I' && !p.conn.Conn().IsClosed() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackTime)
		defer cancel()
		_, _ = p.conn.Exec(ctx, "ROLLBACK") // Release closes a connection on which this has failed
	}
	p.conn.Release()
	p.conn = nil
}

func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
