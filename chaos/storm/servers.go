package storm

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"

	"github.com/menjin-id/menjin/adapters/cloudevent"
	"github.com/menjin-id/menjin/adapters/natsbus"
	"github.com/menjin-id/menjin/adapters/sqlstore"
	"github.com/menjin-id/menjin/chaos/book"
	"github.com/menjin-id/menjin/chaos/part"
	"github.com/menjin-id/menjin/chaos/proxy"
	"github.com/menjin-id/menjin/chaos/stage"
	"github.com/menjin-id/menjin/chaos/writer"
	"github.com/menjin-id/menjin/domain"
)

// servers are PostgreSQL, NATS and relays in processes of their own, joined by proxies. Writers are here, as a service's
// requests are: past the relays' connections.
type servers struct {
	settings *Settings
	postgres *stage.Postgres
	nats     *stage.NATS // nil where there is a cluster
	relays   []*stage.Child
	full     bool // the disk under NATS

	writersToDatabase, relaysToDatabase *proxy.Proxy
	relaysToNATS                        *proxy.Proxy // nil where there is a cluster

	natsURL    string // by way of proxies
	natsCopies int    // of the stream

	key, pages string // files
	writers    *writer.Writers
	stop       func() error
}

func newServers(ctx context.Context, s *stage.Stage, settings *Settings) (*servers, error) {
	t := &servers{settings: settings, natsCopies: 1}
	if err := t.prepare(ctx, s); err != nil {
		return nil, err
	}
	var err error
	if t.nats, err = s.NATS(t.room()); err != nil {
		return nil, err
	}
	if t.relaysToNATS, err = through(s, "tcp", t.nats.Addr()); err != nil {
		return nil, err
	}
	t.natsURL = "nats://" + t.relaysToNATS.Addr()
	return t, t.begin(ctx, s)
}

// prepare starts all but NATS and what needs it.
func (t *servers) prepare(ctx context.Context, s *stage.Stage) error {
	folder, err := s.Folder("files")
	if err != nil {
		return err
	}
	t.key, t.pages = filepath.Join(folder, "key"), filepath.Join(folder, "book")
	if err := part.WriteKey(t.key); err != nil {
		return err
	}
	if t.postgres, err = s.Postgres(ctx); err != nil {
		return err
	}
	if err := sqlstore.Migrate(ctx, domain.NewSecret(t.postgres.URL())); err != nil {
		return err
	}
	if t.writersToDatabase, err = through(s, "unix", t.postgres.Socket()); err != nil {
		return err
	}
	t.relaysToDatabase, err = through(s, "unix", t.postgres.Socket())
	return err
}

// begin sets relays and writers to work, in this order, so that no relay finds a heap of events that another has begun with.
func (t *servers) begin(ctx context.Context, s *stage.Stage) error {
	if err := t.startRelays(ctx, s, t.settings.Relays); err != nil {
		return err
	}
	return t.write(ctx, s)
}

// through makes a proxy to a server that goes with the stage.
func through(s *stage.Stage, network, addr string) (*proxy.Proxy, error) {
	made, err := proxy.New(network, addr)
	if err == nil {
		s.OnClose(made.Close)
	}
	return made, err
}

// room is what the events of the run take, and as much again.
func (t *servers) room() int64 {
	const each, least = 2 << 10, 64 << 20
	return least + int64(t.settings.For.Seconds())*int64(t.settings.Writers.Rate)*each
}

// write sets writers to work. Their commits are announced to the relays as replicas do it.
func (t *servers) write(ctx context.Context, s *stage.Stage) error {
	cipher, err := part.ReadKey(t.key)
	if err != nil {
		return err
	}
	quiet := slog.New(slog.DiscardHandler)
	bus, err := natsbus.Connect(domain.NewSecret(t.natsURL), natsbus.Options{Log: quiet})
	if err != nil {
		return err
	}
	s.OnClose(bus.Close)
	db, err := sqlstore.Open(ctx, sqlstore.Options{
		URL: domain.NewSecret(stage.URLThrough(t.writersToDatabase.Addr())), Cipher: cipher, Codec: cloudevent.New(),
		Shards: t.settings.Shards, OnCommit: bus.Hint,
	})
	if err != nil {
		return err
	}
	s.OnClose(func() { _ = db.Close() }) // what counted was committed
	pages, err := book.Open(t.pages)
	if err != nil {
		return err
	}
	t.writers = writer.New(t.settings.writers(), db, pages, nil)
	writing, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan error, 1)
	go func() { done <- t.writers.Run(writing) }()
	t.stop = func() error {
		cancel()
		return errors.Join(<-done, pages.Close())
	}
	return nil
}

// startRelays starts more relays and returns when they are at work.
func (t *servers) startRelays(ctx context.Context, s *stage.Stage, more int) error {
	for range more {
		name := "relay-" + strconv.Itoa(len(t.relays)+1)
		relay, err := s.Child(name, part.Relay, part.RelaySettings{
			Source: "urn:menjin:" + name, Database: stage.URLThrough(t.relaysToDatabase.Addr()),
			NATS: t.natsURL, Replicas: t.natsCopies, KeyFile: t.key, Shards: t.settings.Shards, Lease: t.settings.Lease,
			Gap: t.settings.gap(), Unsafe: t.settings.Unsafe,
		})
		if err != nil {
			return err
		}
		if err := relay.Start(); err != nil {
			return err
		}
		if err := relay.AwaitWork(ctx); err != nil {
			return err
		}
		t.relays = append(t.relays, relay)
	}
	return nil
}

func (t *servers) name() string { return "PostgreSQL and NATS" }

func (t *servers) stopWriting() error { return t.stop() }

func (t *servers) committed() int64 { return t.writers.Committed() }

func (t *servers) database() (*book.Database, error) { return book.OpenDatabase(t.postgres.URL()) }

func (t *servers) stream() string { return t.nats.URL() }

func (t *servers) book() string { return t.pages }

func (t *servers) leftOut() []string {
	if t.settings.wants(FillDisk) && !t.nats.HasDisk() {
		return []string{fmt.Sprintf("%s: a small disk takes root on Linux, and this is user %d", FillDisk, os.Geteuid())}
	}
	return nil
}
