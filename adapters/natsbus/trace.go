package natsbus

import (
	"context"

	"github.com/nats-io/nats.go/jetstream"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/menjin-id/menjin/ports"
)

// headerTraceParent carries the trace of what caused an event. It is sent as it was written down, so that an event is the same
// however often it is published.
const headerTraceParent = "traceparent"

// traceOf goes on with the trace that a header names. It makes no span for one that is not recorded.
func traceOf(ctx context.Context, tracer trace.Tracer, parent, name string, options ...trace.SpanStartOption) (context.Context, trace.Span) {
	if tracer == nil || parent == "" {
		return ctx, nil
	}
	within := propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{headerTraceParent: parent})
	if !trace.SpanContextFromContext(within).IsSampled() {
		return ctx, nil
	}
	return tracer.Start(within, name, options...)
}

// tracePublish makes the span of one message, from sending to acknowledgement.
func (r *batch) tracePublish(ctx context.Context, message *ports.Message) trace.Span {
	_, span := traceOf(ctx, r.tracer, message.Headers[headerTraceParent], "publish "+message.Type,
		trace.WithSpanKind(trace.SpanKindProducer), trace.WithAttributes(
			attribute.String("messaging.system", "nats"), attribute.String("messaging.destination.name", StreamName),
			attribute.String("messaging.message.id", message.ID.String()),
		))
	return span
}

// endSpans ends those of the messages that were not acknowledged.
func (r *batch) endSpans() {
	for _, span := range r.spans {
		if span != nil && span.IsRecording() {
			span.SetStatus(codes.Error, "not acknowledged")
			span.End()
		}
	}
}

// endSpan ends that of a message that was acknowledged.
func (r *batch) endSpan(i int) {
	if r.tracer != nil && r.spans[i] != nil {
		r.spans[i].End()
	}
}

// traceNotice makes the span of handling a message.
func (b *Bus) traceNotice(ctx context.Context, message jetstream.Msg) (context.Context, func(error)) {
	headers := message.Headers()
	ctx, span := traceOf(ctx, b.options.Tracer, headers.Get(headerTraceParent), "process "+headers.Get(headerType),
		trace.WithSpanKind(trace.SpanKindConsumer), trace.WithAttributes(
			attribute.String("messaging.system", "nats"), attribute.String("messaging.consumer.group.name", feedConsumer),
			attribute.String("messaging.message.id", headers.Get(headerID)),
		))
	return ctx, func(err error) {
		if span == nil {
			return
		}
		if err != nil {
			span.SetStatus(codes.Error, "")
		}
		span.End()
	}
}
