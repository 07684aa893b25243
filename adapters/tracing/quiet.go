package tracing

import (
	"context"
	"log/slog"
	"sync"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

const (
	logEvery    = time.Minute
	longestText = 300 // of an error, which may quote what a collector answered
)

// quiet is an exporter that tells of its failures once a minute, and tells nobody else.
type quiet struct {
	sdktrace.SpanExporter
	log *slog.Logger

	mu   sync.Mutex
	told time.Time
	lost int // spans, since then
}

// ExportSpans is sdktrace.SpanExporter's. What cannot be sent is gone.
func (q *quiet) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	if err := q.SpanExporter.ExportSpans(ctx, spans); err != nil {
		q.lose(len(spans), err)
	}
	return nil
}

func (q *quiet) tell(err error) { q.lose(0, err) }

func (q *quiet) lose(spans int, err error) {
	q.mu.Lock()
	q.lost += spans
	lost, now := q.lost, time.Now()
	tell := q.told.IsZero() || now.Sub(q.told) >= logEvery
	if tell {
		q.told, q.lost = now, 0
	}
	q.mu.Unlock()
	if tell {
		text := err.Error()
		q.log.Warn("traces cannot be sent for now", "error", text[:min(len(text), longestText)], "spans_lost", lost)
	}
}
