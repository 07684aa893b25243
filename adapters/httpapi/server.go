package httpapi

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/menjin-id/menjin/ports"
)

// Server answers HTTP requests. It is an http.Handler; [NewHTTPServer] puts it behind a listener.
type Server struct {
	router    *echo.Echo
	use       UseCases
	now       ports.Clock
	newID     ports.NewID
	log       *slog.Logger
	access    slog.Handler // writes the access lines
	timeout   time.Duration
	clientIP  echo.IPExtractor
	cors      cors
	limiter   ports.RateLimiter
	rates     Rates
	readiness *readiness
	tracing   *tracing // nil: no spans
	metrics   *metrics
}

// New makes the server. Its log lines carry the request id whether or not the logger's handler is a [LogHandler].
// It fails only when the contract in the binary or a document on events is broken, or a limiter is missing.
func New(use UseCases, keys Keys, now ports.Clock, newID ports.NewID, logger *slog.Logger, options Options) (*Server, error) {
	contract, err := loadContract(options.Version)
	if err != nil {
		return nil, fmt.Errorf("load API contract: %w", err)
	}
	if options.Limiter == nil && options.Rates != (Rates{}) {
		return nil, errors.New("rates need a limiter")
	}
	logger = slog.New(LogHandler(logger.Handler()))
	s := &Server{
		use: use, now: now, newID: newID, log: logger,
		access:    logger.Handler().(logHandler).Handler,
		timeout:   options.Timeout,
		clientIP:  clientIP(options.TrustedProxies),
		cors:      newCORS(options.CORSOrigins),
		limiter:   options.Limiter,
		rates:     options.Rates,
		readiness: newReadiness(options.Dependencies, logger),
		tracing:   newTracing(options),
		metrics:   newMetrics(),
	}
	if s.timeout == 0 {
		s.timeout = defaultTimeout
	}
	s.router = newRouter()
	s.router.IPExtractor = s.clientIP
	events, err := loadEvents(options.Events, docsPart("events.css", "text/css; charset=utf-8"))
	if err != nil {
		return nil, fmt.Errorf("load documents on events: %w", err)
	}
	routes := &guardedRoutes{Echo: s.router, server: s, contract: contract}
	RegisterHandlers(routes, NewStrictHandler(&handler{
		Server: s, keys: keys, document: newFile("openapi.json", "application/json", contract.document), pages: newPages(),
		events: events,
	}, nil))
	routes.registerPush(options.Push)
	routes.registerExposition(options.Exposition)
	return s, routes.err
}

func newRouter() *echo.Echo {
	router := echo.New()
	router.Binder = binder{}
	router.HTTPErrorHandler = func(err error, c echo.Context) { exchangeOf(c.Request().Context()).fail(err) }
	return router
}

// handler implements the routes, each in the file of its feature.
type handler struct {
	*Server
	keys     Keys
	document *file
	pages    func() *pages
	events   *eventFiles
}

var (
	_ StrictServerInterface = (*handler)(nil)
	_ http.Handler          = (*Server)(nil)
)

// Drain makes /health/ready say no from now on, so that balancers look elsewhere while requests are still answered, and each
// answer the last over its connection.
func (s *Server) Drain() { s.readiness.draining.Store(true) }
