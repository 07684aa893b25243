package natstest

import (
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// JetStream is a client of the server at a URL. Its connection closes with tb; whoever is done with it earlier closes Conn.
func JetStream(tb testing.TB, url string, options ...nats.Option) jetstream.JetStream {
	tb.Helper()
	conn, err := nats.Connect(url, options...)
	if err != nil {
		tb.Fatalf("connect to %s: %v", url, err)
	}
	tb.Cleanup(conn.Close)
	js, err := jetstream.New(conn)
	if err != nil {
		tb.Fatal(err)
	}
	return js
}
