package httpapi

import (
	"context"
	"net"
	"net/http"
	"net/netip"

	"github.com/labstack/echo/v4"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// tracing makes the spans of requests. It is nil where none are made.
type tracing struct {
	tracer  trace.Tracer
	parents []netip.Prefix // peers whose traceparent is gone on with
}

func newTracing(options Options) *tracing {
	if options.Tracer == nil {
		return nil
	}
	t := &tracing{tracer: options.Tracer}
	if options.TraceParents {
		t.parents = options.TrustedProxies
	}
	return t
}

var ofServer = []trace.SpanStartOption{trace.WithSpanKind(trace.SpanKindServer)}

// begin makes the span of a request and puts it in front of the context of the connection. It needs nothing that a client wrote
// but the method: no address, no query, no header.
func (t *tracing) begin(x *exchange) {
	x.parent, x.span = t.tracer.Start(t.parent(x.request), x.method(), ofServer...)
}

// parent goes on with another's trace only where a trusted proxy says so: whoever may name the trace decides that it is taken,
// and could have every request of theirs recorded.
func (t *tracing) parent(r *http.Request) context.Context {
	given := r.Header["Traceparent"]
	if len(t.parents) == 0 || len(given) != 1 || !t.trusts(r.RemoteAddr) {
		return r.Context()
	}
	return propagation.TraceContext{}.Extract(r.Context(), propagation.MapCarrier{"traceparent": given[0]})
}

func (t *tracing) trusts(peer string) bool {
	host, _, err := net.SplitHostPort(peer)
	if err != nil {
		return false
	}
	address, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	address = address.Unmap().WithZone("")
	for _, prefix := range t.parents {
		if prefix.Masked().Contains(address) {
			return true
		}
	}
	return false
}

// traced makes the span of the use case around h, named by the operation.
func (x *exchange) traced(c echo.Context, h echo.HandlerFunc) (err error) {
	ctx, span := x.server.tracing.tracer.Start(x, x.operation.id)
	defer func() { span.End() }() // deferred itself it would take down a panic, text and all
	c.SetRequest(c.Request().WithContext(ctx))
	if err = h(c); err != nil {
		if p := problemOf(err); p.status >= http.StatusInternalServerError {
			span.SetStatus(codes.Error, p.reason)
		}
	}
	return err
}

// taken reports whether the spans of the request are recorded.
func (x *exchange) taken() bool { return x.span != nil && x.span.IsRecording() }

// endSpan tells how the request ended.
func (x *exchange) endSpan() {
	if !x.taken() {
		return
	}
	x.span.SetName(x.method() + " " + x.route())
	x.span.SetAttributes(attribute.String("http.request.method", x.method()), attribute.String("http.route", x.route()),
		attribute.Int("http.response.status_code", x.status()))
	if x.userID != "" {
		x.span.SetAttributes(attribute.String("user.id", x.userID))
	}
	if x.reason != "" {
		x.span.SetAttributes(attribute.String("menjin.reason", x.reason))
	}
	if x.status() >= http.StatusInternalServerError || x.aborted {
		x.span.SetStatus(codes.Error, x.reason)
	}
	x.span.End()
}

// traceID is the trace that the request belongs to, or nothing where it is not recorded.
func (x *exchange) traceID() string {
	if !x.taken() {
		return ""
	}
	return x.span.SpanContext().TraceID().String()
}
