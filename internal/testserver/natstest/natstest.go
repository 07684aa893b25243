// Package natstest gives tests a NATS server with JetStream: in the test process, which is quickest, or as a
// process of its own where a test has to stop or kill it. It needs nothing installed.
package natstest

import (
	"errors"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

const patience = 60 * time.Second

// URL starts a server for tb alone, with an empty store, and returns its nats:// URL.
func URL(tb testing.TB) string {
	tb.Helper()
	opts := options(tb.TempDir(), server.RANDOM_PORT)
	opts.NoSigs = true
	s, err := serve(opts)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		s.Shutdown()
		s.WaitForShutdown()
	})
	return s.ClientURL()
}

func options(store string, port int) *server.Options {
	return &server.Options{
		ServerName: serverName(port),
		Host:       "127.0.0.1",
		Port:       port,
		JetStream:  true,
		StoreDir:   store,
		NoLog:      true,
	}
}

func serve(opts *server.Options) (*server.Server, error) {
	s, err := server.NewServer(opts)
	if err != nil {
		return nil, err
	}
	s.Start()
	if !s.ReadyForConnections(patience) {
		s.Shutdown()
		return nil, errors.New("NATS server takes no connections")
	}
	return s, nil
}
