// Package tracing sends spans to a collector by OTLP over HTTP. The adapters make spans at their edges with the
// [go.opentelemetry.io/otel/trace.Tracer] of a [Tracing]; where there is none they make none.
//
// A collector that is slow, down or lying costs spans and nothing else: a span goes into a queue of bounded length and is dropped
// where that is full, one line a minute tells of it, and the end of the process waits for a few seconds at most.
package tracing
