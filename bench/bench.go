package main

import (
	"context"
	"fmt"
	"io"

	"github.com/menjin-id/menjin/bench/report"
	"github.com/menjin-id/menjin/bench/stack"
)

// bench is one run.
type bench struct {
	plan     plan
	servers  *stack.Stack
	out      io.Writer
	postgres *stack.Postgres
	redis    *stack.Redis
	nats     *stack.NATS
	urls     stack.ServiceURLs // of all but the database, of which everything has its own
}

// prepare starts what the programs need.
func (b *bench) prepare(context.Context) (err error) {
	progress("starting PostgreSQL, Redis, NATS and a WeChat look-alike")
	if b.postgres, err = b.servers.Postgres(); err != nil {
		return err
	}
	if b.redis, err = b.servers.Redis(); err != nil {
		return err
	}
	b.urls.Redis = b.redis.URL
	if b.nats, err = b.servers.NATS(); err != nil {
		return err
	}
	b.urls.NATS = b.nats.URL
	b.urls.WeChat, err = b.servers.Lookalike()
	return err
}

// withDatabase returns the URLs with a new database among them.
func (b *bench) withDatabase(ctx context.Context, name string) (urls stack.ServiceURLs, err error) {
	urls = b.urls
	urls.Database, err = b.postgres.Database(ctx, name)
	return urls, err
}

func (b *bench) print(title string, table *report.Table) error {
	if table.Empty() {
		return nil
	}
	if _, err := fmt.Fprintf(b.out, "\n%s\n\n", title); err != nil {
		return err
	}
	return table.Write(b.out)
}

func rateOf(f report.Figure) float64 { return f.Rate }

func ratio(of float64) string { return fmt.Sprintf("%.2f", of) }
