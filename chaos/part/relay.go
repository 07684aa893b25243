package part

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/menjin-id/menjin/adapters/cloudevent"
	"github.com/menjin-id/menjin/adapters/natsbus"
	"github.com/menjin-id/menjin/adapters/sqlstore"
	"github.com/menjin-id/menjin/application/outbox"
	"github.com/menjin-id/menjin/chaos/careless"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// RelaySettings are those of a relay.
type RelaySettings struct {
	Source   string // tells in the stream who published
	Database string
	NATS     string
	Replicas int // copies of the stream; 0: one
	KeyFile  string
	Shards   int
	Lease    time.Duration // 0: as in production
	Gap      time.Duration // up to so long between an acknowledgement and its commit
	Unsafe   careless.Mode
}

// relay publishes until it is told to end.
func relay(settings RelaySettings) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	if err := begin(); err != nil {
		return err
	}
	db, err := openDatabase(ctx, settings)
	if err != nil {
		return err
	}
	defer db.Close()
	log := logger()
	bus, err := natsbus.Connect(domain.NewSecret(settings.NATS), natsbus.Options{
		Source: settings.Source, Log: log, Stream: natsbus.StreamOptions{Replicas: settings.Replicas},
	})
	if err != nil {
		return err
	}
	defer bus.Close()
	stream, end, err := careless.Stream(settings.Unsafe, bus, settings.NATS)
	if err != nil {
		return err
	}
	defer end()
	if err := os.WriteFile(AtWorkFile, nil, 0o600); err != nil {
		return err
	}
	options := sqlstore.OutboxOptions{PublishWithin: settings.Lease / 2, TakeOverAfter: settings.Lease}
	return publish(ctx, sqlstore.NewOutbox(db, options), gapped{stream, settings.Gap}, bus, log)
}

// openDatabase tries until the database is there, as whoever starts a service does.
func openDatabase(ctx context.Context, settings RelaySettings) (*sqlstore.DB, error) {
	cipher, err := ReadKey(settings.KeyFile)
	if err != nil {
		return nil, err
	}
	for {
		db, err := sqlstore.Open(ctx, sqlstore.Options{
			URL: domain.NewSecret(settings.Database), Cipher: cipher, Codec: cloudevent.New(), Shards: settings.Shards, MaxConns: 4,
		})
		if err == nil {
			return db, nil
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// publish works as the service does.
func publish(ctx context.Context, queue *sqlstore.Outbox, stream ports.EventStream, bus *natsbus.Bus, log *slog.Logger) error {
	return publishWith(ctx, queue, stream, bus, outbox.NewSignal(), log)
}

func publishWith(
	ctx context.Context, queue *sqlstore.Outbox, stream ports.EventStream, bus *natsbus.Bus, wake outbox.Signal, log *slog.Logger,
) error {
	reconcile := outbox.NewReconcile(queue, stream, wake, log)
	relay := outbox.NewRelay(queue, stream, reconcile, bus, wake, now, log)
	work, ctx := errgroup.WithContext(ctx)
	work.Go(func() error { return relay.Run(ctx) })
	work.Go(func() error { return reconcile.Run(ctx, bus.Reconnected()) })
	if err := work.Wait(); err != nil {
		return fmt.Errorf("relay: %w", err)
	}
	return nil
}

func now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }
