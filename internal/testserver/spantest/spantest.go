// Package spantest records the spans that a test causes.
package spantest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
)

// Recorder keeps every span that ends.
type Recorder struct {
	spans    *tracetest.SpanRecorder
	provider *sdktrace.TracerProvider
}

// New makes a recorder that records a share of the traces begun with it: all for 1, none for 0.
func New(tb testing.TB, ratio float64) *Recorder {
	tb.Helper()
	r := &Recorder{spans: tracetest.NewSpanRecorder()}
	r.provider = sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(r.spans),
		sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.TraceIDRatioBased(ratio))))
	tb.Cleanup(func() { _ = r.provider.Shutdown(context.Background()) }) // there is nothing to send
	return r
}

// Tracer is to be handed to what is tested.
func (r *Recorder) Tracer() trace.Tracer { return r.provider.Tracer("test") }

// Within begins a span called "test", which what is tested is to find in its context.
func (r *Recorder) Within(ctx context.Context) (context.Context, trace.Span) {
	return r.Tracer().Start(ctx, "test")
}

// Spans are those that have ended.
func (r *Recorder) Spans() []sdktrace.ReadOnlySpan { return r.spans.Ended() }

// Named returns the spans of a name.
func (r *Recorder) Named(name string) []sdktrace.ReadOnlySpan {
	return slices.DeleteFunc(r.Spans(), func(span sdktrace.ReadOnlySpan) bool { return span.Name() != name })
}

// Names are those of the spans that have ended, in that order.
func (r *Recorder) Names() (names []string) {
	for _, span := range r.Spans() {
		names = append(names, span.Name())
	}
	return names
}

// Text is all that the spans tell.
func (r *Recorder) Text() string {
	var text strings.Builder
	for _, span := range r.Spans() {
		fmt.Fprintf(&text, "%s %v %v %v %v\n", span.Name(), span.Attributes(), span.Events(), span.Links(), span.Status())
	}
	return text.String()
}

// Attribute returns one of a span as text, empty where it has none.
func Attribute(span sdktrace.ReadOnlySpan, key string) string {
	for _, attribute := range span.Attributes() {
		if string(attribute.Key) == key {
			return attribute.Value.String()
		}
	}
	return ""
}
