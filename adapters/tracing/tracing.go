package tracing

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/menjin-id/menjin/domain"
)

const (
	requestTimeout = 5 * time.Second  // of one request to the collector
	exportTimeout  = 10 * time.Second // of one batch, repetitions included
	longestValue   = 256              // bytes of one attribute
)

// Options say where spans go, and how many of them.
type Options struct {
	// Endpoint is the address of the collector. One without a path means /v1/traces at it.
	Endpoint string
	// Headers go with each request to it, as "name=value" with commas between; values are percent-encoded. They usually hold what
	// the collector knows its clients by.
	Headers domain.Secret
	// SampleRatio is the share of the traces begun here that are taken. One that goes on from elsewhere is taken when it was there.
	SampleRatio float64
	// Version and Instance tell the programs apart that send spans.
	Version  string
	Instance string
	Log      *slog.Logger
}

// Tracing makes spans and sends them. It is safe for concurrent use.
type Tracing struct {
	provider *sdktrace.TracerProvider
	tracer   trace.Tracer
}

// Start refuses options that could never work. It does not connect. Close ends it.
func Start(options Options) (*Tracing, error) {
	endpoint, err := parseEndpoint(options.Endpoint)
	if err != nil {
		return nil, fmt.Errorf("start tracing: %w", err)
	}
	headers, err := parseHeaders(options.Headers)
	if err != nil {
		return nil, fmt.Errorf("start tracing: %w", err)
	}
	exporter, err := otlptracehttp.New(context.Background(),
		otlptracehttp.WithEndpointURL(endpoint), otlptracehttp.WithHeaders(headers), otlptracehttp.WithHTTPClient(newClient()),
		otlptracehttp.WithRetry(otlptracehttp.RetryConfig{
			Enabled: true, InitialInterval: 500 * time.Millisecond, MaxInterval: 5 * time.Second, MaxElapsedTime: exportTimeout,
		}),
	)
	if err != nil {
		return nil, fmt.Errorf("start tracing: %w", err)
	}
	quiet := &quiet{SpanExporter: exporter, log: options.Log}
	// The library has one place for what it cannot return, for the whole process, and would write there itself.
	otel.SetErrorHandler(otel.ErrorHandlerFunc(quiet.tell))
	limits := sdktrace.NewSpanLimits()
	limits.AttributeValueLengthLimit = longestValue
	provider := sdktrace.NewTracerProvider(
		sdktrace.WithBatcher(quiet, sdktrace.WithExportTimeout(exportTimeout)),
		sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.TraceIDRatioBased(options.SampleRatio))),
		sdktrace.WithRawSpanLimits(limits),
		sdktrace.WithResource(resource.NewSchemaless(
			attribute.String("service.name", "menjin"), attribute.String("service.version", options.Version),
			attribute.String("service.instance.id", options.Instance),
		)),
	)
	return &Tracing{provider: provider, tracer: provider.Tracer("github.com/menjin-id/menjin")}, nil
}

// newClient follows no redirect, which could carry the headers to another host.
func newClient() *http.Client {
	return &http.Client{
		Transport: http.DefaultTransport.(*http.Transport).Clone(), //nolint:forcetypeassert // it is, and nothing here replaces it
		Timeout:   requestTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
	}
}

// Tracer makes the spans.
func (t *Tracing) Tracer() trace.Tracer { return t.tracer }

// Close sends what waits, until ctx ends. It may be called twice.
func (t *Tracing) Close(ctx context.Context) error {
	if err := t.provider.Shutdown(ctx); err != nil {
		return fmt.Errorf("send the last spans: %w", err)
	}
	return nil
}
