package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/menjin-id/menjin/adapters/httpapi"
	"github.com/menjin-id/menjin/adapters/metrics"
	"github.com/menjin-id/menjin/adapters/natsbus"
	"github.com/menjin-id/menjin/adapters/passwords"
	"github.com/menjin-id/menjin/adapters/sqlstore"
	"github.com/menjin-id/menjin/adapters/tokens"
	"github.com/menjin-id/menjin/adapters/vault"
	"github.com/menjin-id/menjin/adapters/wechat"
	"github.com/menjin-id/menjin/bootstrap/certfile"
	"github.com/menjin-id/menjin/bootstrap/config"
	"github.com/menjin-id/menjin/ports"
)

// instrumented is a part that counts what it does.
type instrumented interface{ Metrics() []prometheus.Collector }

func provideRegistry() *metrics.Registry { return metrics.NewRegistry(release()) }

// sharedExposition answers scrapes at the API's address; nil where they have one of their own.
func sharedExposition(cfg *config.Config, registry *metrics.Registry) http.Handler {
	if cfg.Metrics.Addr != "" {
		return nil
	}
	return registry.Handler()
}

// exposition answers scrapes at an address of their own, where there is one.
type exposition struct {
	listener net.Listener // nil: the API answers them
	server   *httpapi.HTTPServer
}

// provideExposition brings together what the parts count, and takes the address.
func provideExposition(
	cfg *config.Config, log *slog.Logger, registry *metrics.Registry, api *httpapi.Server, db *sqlstore.DB,
	outbox *sqlstore.Outbox, sessions sessions, bus *natsbus.Bus, weChat *wechat.Client, hasher *passwords.Hasher,
	ring *tokens.Ring, verifier *tokens.Verifier, vault *vault.Vault, cert *certfile.Pair, now ports.Clock,
) (*exposition, func(), error) {
	for _, part := range []instrumented{api, db, outbox, sessions.Metrics, bus, weChat, hasher, ring, verifier, vault, cert} {
		registry.Register(part.Metrics()...)
	}
	registry.Register(metrics.NewOutbox(outbox, now))
	if cfg.Metrics.Addr == "" {
		return &exposition{}, func() {}, nil
	}
	listener, err := listen("metrics.addr", cfg.Metrics.Addr)
	if err != nil {
		return nil, nil, err
	}
	routes := http.NewServeMux()
	routes.Handle("GET /metrics", registry.Handler())
	log.Info("metrics have an address of their own", "addr", listener.Addr().String())
	return &exposition{listener, httpapi.NewHTTPServer(routes, httpapi.Limits{}, log)}, func() { _ = listener.Close() }, nil
}

// Run serves until ctx ends.
func (e *exposition) Run(ctx context.Context) error {
	if e.listener == nil {
		return nil
	}
	defer context.AfterFunc(ctx, func() { _ = e.server.Close() })()
	if err := e.server.Serve(e.listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve metrics: %w", err)
	}
	return nil
}
