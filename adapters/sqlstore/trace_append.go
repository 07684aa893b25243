package sqlstore

import (
	"context"
	"maps"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/menjin-id/menjin/ports"
)

// traceAppend returns the headers of an event with the trace of what caused it among them, where that is recorded. What publishes
// and what handles the event go on from the span made here.
func (db *DB) traceAppend(ctx context.Context, message ports.Message) map[string]string {
	if !trace.SpanContextFromContext(ctx).IsSampled() {
		return message.Headers
	}
	ctx, span := db.tracer.Start(ctx, "append "+message.Type, trace.WithSpanKind(trace.SpanKindProducer),
		trace.WithAttributes(attribute.String("messaging.message.id", message.ID.String())))
	defer func() { span.End() }()          // deferred itself it would take down a panic, text and all
	headers := maps.Clone(message.Headers) // they may be the codec's
	if headers == nil {
		headers = make(map[string]string, 1)
	}
	propagation.TraceContext{}.Inject(ctx, traceParentOnly(headers))
	return headers
}

// traceParentOnly leaves tracestate out, which is of whoever was before.
type traceParentOnly map[string]string

const headerTraceParent = "traceparent"

// Get is propagation.TextMapCarrier's.
func (c traceParentOnly) Get(key string) string { return c[key] }

// Set is propagation.TextMapCarrier's.
func (c traceParentOnly) Set(key, value string) {
	if key == headerTraceParent {
		c[key] = value
	}
}

// Keys is propagation.TextMapCarrier's.
func (c traceParentOnly) Keys() []string { return []string{headerTraceParent} }
