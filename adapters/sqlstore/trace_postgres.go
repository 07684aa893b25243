package sqlstore

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
)

// postgresTracer is told by pgx of each statement and batch, Bun's among them.
type postgresTracer struct{ spans }

var (
	_ pgx.QueryTracer = postgresTracer{}
	_ pgx.BatchTracer = postgresTracer{}
)

// statementSpan finds the span of a statement in the context that pgx keeps for it; the span around it lies elsewhere.
type statementSpan struct{}

func (t postgresTracer) start(ctx context.Context, name string, more ...attribute.KeyValue) context.Context {
	ctx, span := t.begin(ctx, name, more...)
	if span == nil {
		return ctx
	}
	return context.WithValue(ctx, statementSpan{}, span)
}

func endStatement(ctx context.Context, err error) {
	if span, ok := ctx.Value(statementSpan{}).(trace.Span); ok {
		endSpan(span, err)
	}
}

// TraceQueryStart is pgx.QueryTracer's.
func (t postgresTracer) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	if !trace.SpanContextFromContext(ctx).IsSampled() {
		return ctx
	}
	return t.start(ctx, nameOf(data.SQL))
}

// TraceQueryEnd is pgx.QueryTracer's.
func (postgresTracer) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryEndData) {
	endStatement(ctx, data.Err)
}

// TraceBatchStart is pgx.BatchTracer's. A batch is one round trip and one span.
func (t postgresTracer) TraceBatchStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceBatchStartData) context.Context {
	if !trace.SpanContextFromContext(ctx).IsSampled() {
		return ctx
	}
	names := make([]string, 0, data.Batch.Len())
	for _, query := range data.Batch.QueuedQueries {
		names = append(names, nameOf(query.SQL))
	}
	return t.start(ctx, "BATCH",
		attribute.String("db.query.summary", strings.Join(names, "; ")), attribute.Int("db.operation.batch.size", len(names)))
}

// TraceBatchQuery is pgx.BatchTracer's.
func (postgresTracer) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}

// TraceBatchEnd is pgx.BatchTracer's.
func (postgresTracer) TraceBatchEnd(ctx context.Context, _ *pgx.Conn, data pgx.TraceBatchEndData) {
	endStatement(ctx, data.Err)
}
