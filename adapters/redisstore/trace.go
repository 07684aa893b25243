package redisstore

import (
	"context"
	"errors"
	"net"

	"github.com/redis/go-redis/v9"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// Trace makes a span of each command that a client runs within a span that is recorded. It tells the command's name and none of
// its arguments: keys hold what people are found by, values what they prove themselves with. A nil tracer means none.
func Trace(client redis.UniversalClient, tracer trace.Tracer) {
	if tracer != nil {
		client.AddHook(tracing{tracer})
	}
}

type tracing struct{ tracer trace.Tracer }

var _ redis.Hook = tracing{}

// DialHook is redis.Hook's.
func (tracing) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) { return next(ctx, network, addr) }
}

// ProcessHook is redis.Hook's.
func (t tracing) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		ctx, span := t.begin(ctx, cmd.Name(), 1)
		err := next(ctx, cmd)
		end(span, err)
		return err
	}
}

// ProcessPipelineHook is redis.Hook's.
func (t tracing) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		ctx, span := t.begin(ctx, "pipeline", len(cmds))
		err := next(ctx, cmds)
		end(span, err)
		return err
	}
}

func (t tracing) begin(ctx context.Context, name string, size int) (context.Context, trace.Span) {
	if !trace.SpanContextFromContext(ctx).IsSampled() {
		return ctx, nil
	}
	return t.tracer.Start(ctx, name, trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(
		attribute.String("db.system.name", "redis"), attribute.String("db.operation.name", name),
		attribute.Int("db.operation.batch.size", size),
	))
}

// end keeps nothing of an error's text, which may quote arguments. That a key is not there, or a script not yet, is no error.
func end(span trace.Span, err error) {
	if span == nil {
		return
	}
	if err != nil && !errors.Is(err, redis.Nil) && !redis.HasErrorPrefix(err, "NOSCRIPT") {
		span.SetStatus(codes.Error, "")
	}
	span.End()
}
