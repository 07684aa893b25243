// Package traced goes on, in a handler, with the trace of the request that caused an event. The kit itself knows nothing of
// OpenTelemetry: it hands on the event's TraceParent.
//
//	s.OnRegistered(traced.Handler(otel.Tracer("welcome"), notes.welcome))
package traced

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	menjin "github.com/menjin-id/menjin/clients/go"
	"github.com/menjin-id/menjin/clients/go/subscriber"
)

// Handler makes a span of each call of next. An event without a trace, since it was not recorded, begins one of its own.
func Handler[T any](tracer trace.Tracer, next subscriber.Handler[T]) subscriber.Handler[T] {
	return func(ctx context.Context, event menjin.Event[T]) error {
		ctx, span := tracer.Start(Continue(ctx, event.TraceParent), "process "+event.Type, trace.WithSpanKind(trace.SpanKindConsumer),
			trace.WithAttributes(attribute.String("messaging.system", "nats"), attribute.String("messaging.message.id", event.ID)))
		defer func() { span.End() }() // deferred itself it would take down a panic, text and all
		err := next(ctx, event)
		if err != nil {
			span.SetStatus(codes.Error, "") // the text may quote what is nobody's business
		}
		return err
	}
}

// Continue returns a context within the trace that an event came from. What is malformed is passed over.
func Continue(ctx context.Context, traceParent string) context.Context {
	return propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{"traceparent": traceParent})
}
