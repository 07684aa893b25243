package wechat

import (
	"net/http"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// tracing makes a span of each call within a span that is recorded. It tells the path and never the query, in which the secret,
// the code and the openid stand, and sends WeChat nothing of the trace.
type tracing struct {
	next   http.RoundTripper
	tracer trace.Tracer
}

// RoundTrip is http.RoundTripper's.
func (t tracing) RoundTrip(request *http.Request) (*http.Response, error) {
	ctx := request.Context()
	if !trace.SpanContextFromContext(ctx).IsSampled() {
		return t.next.RoundTrip(request)
	}
	ctx, span := t.tracer.Start(ctx, request.Method+" "+request.URL.Path, trace.WithSpanKind(trace.SpanKindClient),
		trace.WithAttributes(
			attribute.String("http.request.method", request.Method), attribute.String("server.address", request.URL.Hostname()),
		))
	defer func() { span.End() }() // deferred itself it would take down a panic, text and all
	response, err := t.next.RoundTrip(request.WithContext(ctx))
	if err != nil {
		span.SetStatus(codes.Error, "") // the text may quote the address
		return nil, err
	}
	span.SetAttributes(attribute.Int("http.response.status_code", response.StatusCode))
	if response.StatusCode >= http.StatusBadRequest {
		span.SetStatus(codes.Error, "")
	}
	return response, nil
}

// CloseIdleConnections lets the client close what lies below.
func (t tracing) CloseIdleConnections() {
	if next, ok := t.next.(interface{ CloseIdleConnections() }); ok {
		next.CloseIdleConnections()
	}
}
