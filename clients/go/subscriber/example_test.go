package subscriber_test

import (
	"context"
	"fmt"
	"log"
	"log/slog"
	"os"
	"os/signal"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	menjin "github.com/menjin-id/menjin/clients/go"
	"github.com/menjin-id/menjin/clients/go/subscriber"
)

func Example() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	conn, err := nats.Connect("nats://127.0.0.1:4222", nats.MaxReconnects(-1))
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		log.Fatal(err)
	}

	s := subscriber.New(js, "crm", subscriber.Options{
		Observe: func(o subscriber.Outcome) { slog.Info("event", "type", o.Type, "result", o.Result, "took", o.Took) },
	})
	s.OnRegistered(func(_ context.Context, event menjin.Event[menjin.Registered]) error {
		fmt.Println("new user", event.UserID, "by", event.Data.Method)
		return nil // acknowledged; an error would bring it again
	})
	s.OnMerged(func(_ context.Context, event menjin.Event[menjin.Merged]) error {
		fmt.Println("what was", event.Data.MergedUserID, "is now", event.Data.UserID)
		return nil
	})
	if err := s.Run(ctx); err != nil {
		log.Fatal(err) // it tells what to do
	}
}

// What was lost from a database is brought back by reading the stream again, before the service goes on.
func ExampleSubscriber_Replay() {
	var js jetstream.JetStream
	s := subscriber.New(js, "crm", subscriber.Options{})
	s.OnRegistered(func(context.Context, menjin.Event[menjin.Registered]) error { return nil })
	if err := s.Replay(context.Background(), subscriber.FromSequence(12_345)); err != nil {
		log.Fatal(err)
	}
}
