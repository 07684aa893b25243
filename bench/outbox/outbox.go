// Package outbox measures the way of an event from its commit to the stream's acknowledgement: through the service's own
// adapters, and as plain publication of the same messages.
package outbox

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/google/uuid"

	"github.com/menjin-id/menjin/adapters/cloudevent"
	"github.com/menjin-id/menjin/adapters/natsbus"
	"github.com/menjin-id/menjin/adapters/sqlstore"
	"github.com/menjin-id/menjin/adapters/vault"
	relay "github.com/menjin-id/menjin/application/outbox"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// Servers are what a Bench uses. The ids of the processes tell what they spend.
type Servers struct {
	Database, NATS       string
	PostgresPID, NATSPID int
}

// Bench is a database and a stream, joined as the service joins them.
type Bench struct {
	servers Servers
	log     *slog.Logger
	db      *sqlstore.DB
	wake    relay.Signal
	raw     *raw
}

// Open prepares an empty database. The stream of the service must not be in use by anybody else: it is deleted and made
// anew. Close ends it.
func Open(ctx context.Context, servers Servers) (*Bench, error) {
	b := &Bench{
		servers: servers, wake: relay.NewSignal(),
		log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
	}
	key, err := vault.Generate()
	if err != nil {
		return nil, err
	}
	cipher, err := vault.Parse(key)
	if err != nil {
		return nil, err
	}
	url := domain.NewSecret(servers.Database)
	if err := sqlstore.Migrate(ctx, url); err != nil {
		return nil, err
	}
	if b.raw, err = newRaw(servers.NATS); err != nil {
		return nil, err
	}
	b.db, err = sqlstore.Open(ctx, sqlstore.Options{URL: url, Cipher: cipher, Codec: cloudevent.New(), OnCommit: b.wake.Give})
	if err != nil {
		b.raw.close()
		return nil, err
	}
	return b, nil
}

// Close disconnects.
func (b *Bench) Close() {
	b.raw.close()
	_ = b.db.Close() // what counted was committed
}

// register commits new users, each with its event, in one transaction, and returns the events.
func (b *Bench) register(ctx context.Context, count int) ([]domain.EventID, error) {
	ids := make([]domain.EventID, count)
	err := b.db.InTx(ctx, func(ctx context.Context, tx ports.Tx) error {
		for i := range ids {
			user, event, err := newUser()
			if err != nil {
				return err
			}
			ids[i] = event.ID
			if err := tx.Users().Add(ctx, user); err != nil {
				return err
			}
			if err := tx.Outbox().Append(ctx, event); err != nil {
				return err
			}
		}
		return nil
	})
	return ids, err
}

func newUser() (*domain.User, domain.Event, error) {
	id := newID()
	openID, err := domain.NewOpenID("oBench-" + id.String())
	if err != nil {
		return nil, domain.Event{}, err
	}
	user, event := domain.RegisterWithWeChat(domain.UserID{ID: id},
		domain.WeChatIdentity{AppID: "wx0123456789abcdef", OpenID: openID},
		domain.Stamp{ID: domain.EventID{ID: newID()}, At: now()})
	return user, event, nil
}

func newID() domain.ID { return domain.ID(uuid.Must(uuid.NewV7())) }

func now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// withRelay runs a relay of its own, connection included, while work lasts.
func (b *Bench) withRelay(ctx context.Context, acknowledged func([]ports.OutboxEvent), work func() error) error {
	bus, err := natsbus.Connect(domain.NewSecret(b.servers.NATS), natsbus.Options{Log: b.log})
	if err != nil {
		return err
	}
	defer bus.Close()
	if err := bus.EnsureStream(ctx); err != nil {
		return err
	}
	queue := sqlstore.NewOutbox(b.db, sqlstore.OutboxOptions{})
	stream := &watchedStream{bus, acknowledged}
	run := relay.NewRelay(queue, stream, relay.NewReconcile(queue, stream, b.wake, b.log), bus, b.wake, now, b.log)

	ctx, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- run.Run(ctx) }()
	workErr := work()
	stop()
	if err := <-ended; err != nil {
		return fmt.Errorf("relay: %w", err)
	}
	return workErr
}

// watchedStream tells when a batch is acknowledged.
type watchedStream struct {
	ports.EventStream
	acknowledged func([]ports.OutboxEvent)
}

func (s *watchedStream) Publish(
	ctx context.Context, recorded ports.StreamPosition, events []ports.OutboxEvent,
) (ports.StreamPosition, error) {
	position, err := s.EventStream.Publish(ctx, recorded, events)
	if err == nil {
		s.acknowledged(events)
	}
	return position, err
}
