package part

import (
	"context"
	"fmt"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/menjin-id/menjin/adapters/cloudevent"
	"github.com/menjin-id/menjin/adapters/natsbus"
	"github.com/menjin-id/menjin/adapters/sqlstore"
	"github.com/menjin-id/menjin/application/outbox"
	"github.com/menjin-id/menjin/chaos/book"
	"github.com/menjin-id/menjin/chaos/careless"
	"github.com/menjin-id/menjin/chaos/writer"
	"github.com/menjin-id/menjin/domain"
)

// EmbeddedSettings are those of a process that has everything in it.
type EmbeddedSettings struct {
	Database string // file
	Store    string // folder of the embedded NATS
	Addr     string // where subscribers reach it
	KeyFile  string
	Book     string
	Finish   string // a file that asks for the end of writing, and is deleted when nothing is written any more
	Gap      time.Duration
	Unsafe   careless.Mode
	Writers  writer.Settings
}

const lookForFinish = 50 * time.Millisecond

// embedded works until it is killed.
func embedded(settings EmbeddedSettings) error {
	ctx := context.Background()
	if err := careless.Check(settings.Unsafe); err != nil {
		return err
	}
	log, wake := logger(), outbox.NewSignal()
	cipher, err := ReadKey(settings.KeyFile)
	if err != nil {
		return err
	}
	address := domain.NewSecret("sqlite:" + settings.Database)
	if err := sqlstore.Migrate(ctx, address); err != nil {
		return err
	}
	db, err := sqlstore.Open(ctx, sqlstore.Options{URL: address, Cipher: cipher, Codec: cloudevent.New(), OnCommit: wake.Give})
	if err != nil {
		return err
	}
	defer db.Close()
	server, err := natsbus.StartEmbedded(settings.Store, natsbus.EmbeddedOptions{Addr: settings.Addr, Log: log})
	if err != nil {
		return err
	}
	defer server.Close()
	bus, err := server.Connect(natsbus.Options{Log: log})
	if err != nil {
		return err
	}
	defer bus.Close()
	stream, end, err := careless.Stream(settings.Unsafe, bus, server.URL())
	if err != nil {
		return err
	}
	defer end()
	writers, pages, err := openWriters(settings, db)
	if err != nil {
		return err
	}
	defer pages.Close()
	if err := begin(); err != nil {
		return err
	}
	work, ctx := errgroup.WithContext(ctx)
	work.Go(func() error {
		queue := sqlstore.NewOutbox(db, sqlstore.OutboxOptions{})
		return publishWith(ctx, queue, gapped{stream, settings.Gap}, bus, wake, log)
	})
	work.Go(func() error {
		if err := writers.Run(untilFile(ctx, settings.Finish)); err != nil || ctx.Err() != nil {
			return err
		}
		return os.Remove(settings.Finish)
	})
	return work.Wait()
}

// openWriters goes on in the book of the life before.
func openWriters(settings EmbeddedSettings, db *sqlstore.DB) (*writer.Writers, *book.Book, error) {
	pages, err := book.Open(settings.Book)
	if err != nil {
		return nil, nil, err
	}
	record, err := book.Read(settings.Book)
	if err != nil {
		return nil, nil, fmt.Errorf("go on writing: %w", err)
	}
	return writer.New(settings.Writers, db, pages, record.Users()), pages, nil
}

// untilFile returns a context that ends when there is a file.
func untilFile(ctx context.Context, path string) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		defer cancel()
		for ctx.Err() == nil {
			if _, err := os.Stat(path); err == nil {
				return
			}
			select {
			case <-ctx.Done():
			case <-time.After(lookForFinish):
			}
		}
	}()
	return ctx
}
