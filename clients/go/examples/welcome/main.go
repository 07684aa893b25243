// Command welcome sends each new user of Menjin a welcome note, exactly once, into a database of its own. It shows the whole
// of a downstream service: connection, database, inbox, handlers, stop.
//
//	go run ./welcome -nats nats://127.0.0.1:4222 -db welcome.db
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/menjin-id/menjin/clients/go/inbox"
	"github.com/menjin-id/menjin/clients/go/subscriber"
)

// name is that of the durable consumer: NATS keeps under it how far the service has come.
const name = "welcome"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		slog.Error("welcome cannot go on", "error", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	url := flags.String("nats", nats.DefaultURL, "where Menjin's events are")
	path := flags.String("db", "welcome.db", "the database file")
	ackWait := flags.Duration("ack-wait", 10*time.Second, "after how long another process takes over from one that died")
	if err := flags.Parse(args); err != nil {
		return err
	}

	notes, err := openNotes(ctx, *path)
	if err != nil {
		return err
	}
	defer notes.close()

	// The connection outlives any outage; whoever starts before NATS waits for it.
	conn, err := nats.Connect(*url, nats.Name(name), nats.MaxReconnects(-1), nats.RetryOnFailedConnect(true),
		nats.ReconnectWait(250*time.Millisecond))
	if err != nil {
		return fmt.Errorf("connect to NATS: %w", err)
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		return fmt.Errorf("use JetStream: %w", err)
	}

	s := subscriber.New(js, name, subscriber.Options{AckWait: *ackWait})
	s.OnRegistered(inbox.Once(notes.inbox, notes.db, notes.welcome))
	s.OnDeleted(inbox.Once(notes.inbox, notes.db, notes.erase))
	return s.Run(ctx)
}
