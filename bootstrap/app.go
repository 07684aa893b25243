package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/menjin-id/menjin/adapters/httpapi"
	"github.com/menjin-id/menjin/adapters/natsbus"
	"github.com/menjin-id/menjin/application/datakey"
	"github.com/menjin-id/menjin/application/outbox"
	"github.com/menjin-id/menjin/application/personal"
	"github.com/menjin-id/menjin/application/retention"
	"github.com/menjin-id/menjin/application/session"
	"github.com/menjin-id/menjin/application/signingkey"
	"github.com/menjin-id/menjin/bootstrap/certfile"
	"github.com/menjin-id/menjin/bootstrap/config"
)

// requestsPatience is how long requests in flight may take to finish when the service stops.
const requestsPatience = 15 * time.Second

// partingPatience is how much of it those have who are connected and were just served, to send another request.
const partingPatience = time.Second

// App is the service, built and not yet at work.
type App struct {
	cfg       *config.Config
	log       *slog.Logger
	listener  net.Listener
	cert      *certfile.Pair // nil: served without TLS
	api       *httpapi.Server
	bus       *natsbus.Bus
	source    eventSource
	sandbox   sandboxURL
	relay     *outbox.Relay
	reconcile *outbox.Reconcile
	replays   *outbox.Replays
	follow    *session.Follow
	sweep     *retention.Sweep
	keeper    *signingkey.Keeper
	dataKeys  *datakey.Keeper
	reencrypt *datakey.Reencrypt
	eraser    *personal.Eraser
	metrics   *exposition
}

// Run serves until ctx ends or a part fails that the service cannot be without. Then it is not ready at once, finishes the
// requests in flight, and stops the relay last, so that what they committed is still published.
func (a *App) Run(ctx context.Context, ready func()) error {
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	work, failed := errgroup.WithContext(background)
	for _, run := range []func(context.Context) error{
		a.relay.Run, a.runReconcile, a.replays.Run, a.follow.Run, a.sweep.Run, a.keeper.Run, a.dataKeys.Run,
		a.reencrypt.Run, a.eraser.Run, a.metrics.Run, a.watchCertificate,
	} {
		work.Go(func() error { return run(background) })
	}
	server := a.server()
	work.Go(func() error { return a.serve(server) })
	ready()

	select {
	case <-ctx.Done():
	case <-failed.Done():
	}
	a.finishRequests(ctx, server)
	stop()
	return work.Wait()
}

func (a *App) runReconcile(ctx context.Context) error {
	return a.reconcile.Run(ctx, a.bus.Reconnected())
}

func (a *App) watchCertificate(ctx context.Context) error {
	if a.cert == nil {
		return nil
	}
	return a.cert.Run(ctx)
}

func (a *App) serve(server *httpapi.HTTPServer) error {
	serve := func() error { return server.Serve(a.listener) }
	if a.cert != nil {
		serve = func() error { return server.ServeTLS(a.listener, "", "") }
	}
	// Nobody but finishRequests closes the listener.
	if err := serve(); !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("serve HTTP: %w", err)
	}
	return nil
}

// finishRequests answers who is connected, lets nobody else connect, and cuts off who has not read the answer when patience ends.
func (a *App) finishRequests(ctx context.Context, server *httpapi.HTTPServer) {
	a.log.Info("stopping: finishing requests in flight")
	a.api.Drain()
	_ = a.listener.Close()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), requestsPatience)
	defer cancel()
	parting, cancelParting := context.WithTimeout(ctx, partingPatience)
	defer cancelParting()
	server.Part(parting)
	if err := server.Shutdown(ctx); err != nil {
		a.log.Warn("requests in flight were cut off", "error", err)
		_ = server.Close()
	}
}
