package bootstrap

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/menjin-id/menjin/adapters/tracing"
	"github.com/menjin-id/menjin/bootstrap/config"
	"github.com/menjin-id/menjin/ports"
)

// tracesPatience is how long the last spans may take to be sent when the service stops.
const tracesPatience = 3 * time.Second

// traces is what spans are made with; nothing where no collector is named, and on the command line.
type traces struct{ Tracer trace.Tracer }

func provideTraces(cfg *config.Config, log *slog.Logger, newID ports.NewID) (traces, func(), error) {
	if cfg.Traces.Endpoint == "" {
		return traces{}, func() {}, nil
	}
	sending, err := tracing.Start(tracing.Options{
		Endpoint: cfg.Traces.Endpoint, Headers: cfg.Traces.Headers, SampleRatio: cfg.Traces.SampleRatio,
		Version: version(), Instance: newID().String(), Log: log,
	})
	if err != nil {
		return traces{}, nil, fmt.Errorf("traces.endpoint: %w", err)
	}
	return traces{sending.Tracer()}, func() {
		ctx, cancel := context.WithTimeout(context.Background(), tracesPatience)
		defer cancel()
		if err := sending.Close(ctx); err != nil {
			log.Warn("the last traces were not sent", "error", err)
		}
	}, nil
}
