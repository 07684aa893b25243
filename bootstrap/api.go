package bootstrap

import (
	"crypto/tls"
	"log/slog"
	"net"

	"github.com/menjin-id/menjin/adapters/cloudevent"
	"github.com/menjin-id/menjin/adapters/httpapi"
	"github.com/menjin-id/menjin/adapters/metrics"
	"github.com/menjin-id/menjin/adapters/natsbus"
	"github.com/menjin-id/menjin/adapters/sqlstore"
	"github.com/menjin-id/menjin/adapters/tokens"
	"github.com/menjin-id/menjin/adapters/wechatpush"
	"github.com/menjin-id/menjin/bootstrap/certfile"
	"github.com/menjin-id/menjin/bootstrap/config"
	"github.com/menjin-id/menjin/ports"
)

// provideListener takes the address before anything else is started, so that a second service on it fails at once.
func provideListener(cfg *config.Config) (net.Listener, func(), error) {
	listener, err := listen("http.addr", cfg.HTTP.Addr)
	if err != nil {
		return nil, nil, err
	}
	return listener, func() { _ = listener.Close() }, nil
}

// provideCertificate returns nil where TLS is somebody else's.
func provideCertificate(cfg *config.Config, log *slog.Logger, now ports.Clock) (*certfile.Pair, error) {
	if cfg.HTTP.TLSCertFile == "" {
		return nil, nil
	}
	return certfile.Open(cfg.HTTP.TLSCertFile, cfg.HTTP.TLSKeyFile, now, log)
}

func provideAPI(
	cfg *config.Config, log *slog.Logger, use httpapi.UseCases, ring *tokens.Ring,
	db *sqlstore.DB, sessions sessions, bus *natsbus.Bus, push *wechatpush.Handler, now ports.Clock, newID ports.NewID,
	traces traces, registry *metrics.Registry,
) (*httpapi.Server, error) {
	dependencies := []httpapi.Dependency{{Name: "database", Ping: db.Ping}}
	if sessions.Ping != nil {
		dependencies = append(dependencies, httpapi.Dependency{Name: "sessions", Ping: sessions.Ping})
	}
	asyncAPI, err := cloudevent.AsyncAPI(version())
	if err != nil {
		return nil, err
	}
	return httpapi.New(use, ring.JWKS, now, newID, log, httpapi.Options{
		Version: version(), Dependencies: append(dependencies, httpapi.Dependency{
			Name: "events", Ping: bus.Ping, Optional: true, // events wait in the outbox
		}),
		TrustedProxies: cfg.HTTP.TrustedProxies, CORSOrigins: cfg.HTTP.CORSOrigins,
		Limiter: sessions.Limiter, Rates: httpapi.Rates(cfg.Limits), Push: push,
		Exposition: sharedExposition(cfg, registry), Tracer: traces.Tracer, TraceParents: cfg.Traces.Continue,
		Events: httpapi.EventDocuments{Schemas: cloudevent.Schemas(), AsyncAPI: asyncAPI},
	})
}

func (a *App) server() *httpapi.HTTPServer {
	server := httpapi.NewHTTPServer(a.api, httpapi.Limits{Connections: a.cfg.HTTP.MaxConnections}, a.log)
	if a.cert != nil {
		server.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS13, GetCertificate: a.cert.Certificate}
	}
	return server
}
