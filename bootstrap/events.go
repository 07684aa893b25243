package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"

	"github.com/menjin-id/menjin/adapters/natsbus"
	"github.com/menjin-id/menjin/bootstrap/config"
)

// events is the bus, and where it can be subscribed to, for people to read.
type events struct {
	Bus    *natsbus.Bus
	Source eventSource
}

// eventSource is an address; empty for nowhere.
type eventSource string

// provideEvents connects to NATS, and starts it before where it is embedded. An external one that cannot be reached does not
// keep the service from starting: sign-in goes on, events wait.
func provideEvents(
	ctx context.Context, cfg *config.Config, log *slog.Logger, folder dataFolder, traces traces,
) (events, func(), error) {
	options := natsbus.Options{Stream: natsbus.StreamOptions{Replicas: cfg.Events.Replicas}, Log: log, Tracer: traces.Tracer}
	if !cfg.EmbeddedEvents() {
		bus, err := natsbus.Connect(cfg.Events.URL, options)
		if err != nil {
			return events{}, nil, fmt.Errorf("events.url: %w", err)
		}
		return events{Bus: bus}, bus.Close, nil
	}
	server, err := natsbus.StartEmbedded(filepath.Join(string(folder), natsFolder), natsbus.EmbeddedOptions{
		Addr: cfg.Events.EmbeddedAddr, Log: log,
	})
	if errors.Is(err, natsbus.ErrAddress) {
		return events{}, nil, config.Fault{Key: "events.embedded_addr", Reason: err.Error()}
	}
	if err != nil {
		return events{}, nil, err
	}
	bus, err := server.Connect(options)
	if err != nil {
		server.Close()
		return events{}, nil, fmt.Errorf("connect to embedded events: %w", err)
	}
	stop := func() { bus.Close(); server.Close() }
	if err := bus.EnsureStream(ctx); err != nil { // subscribers may come before the first event
		stop()
		return events{}, nil, fmt.Errorf("set up embedded events: %w", err)
	}
	stopControl := serveControl(folder, server, log)
	return events{bus, eventSource(server.URL())}, func() { stopControl(); stop() }, nil
}
