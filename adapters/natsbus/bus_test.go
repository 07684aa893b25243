package natsbus_test

import (
	"context"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/goleak"

	"github.com/menjin-id/menjin/adapters/natsbus"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/internal/testserver/natstest"
)

const patience = 60 * time.Second

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

// embedded starts a server that subscribers can reach on a free port.
func embedded(tb testing.TB) *natsbus.Embedded {
	tb.Helper()
	server, err := natsbus.StartEmbedded(tb.TempDir(), natsbus.EmbeddedOptions{Addr: "127.0.0.1:0", Log: quiet})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(server.Close)
	return server
}

func within(tb testing.TB, server *natsbus.Embedded, options natsbus.Options) *natsbus.Bus {
	tb.Helper()
	options.Log = quiet
	bus, err := server.Connect(options)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(bus.Close)
	return bus
}

func connect(tb testing.TB, url string, options natsbus.Options) *natsbus.Bus {
	tb.Helper()
	options.Log = quiet
	bus, err := natsbus.Connect(domain.NewSecret(url), options)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(bus.Close)
	return bus
}

// client is what a subscriber would use.
func client(tb testing.TB, url string) (*nats.Conn, jetstream.JetStream) {
	tb.Helper()
	js := natstest.JetStream(tb, url, nats.Timeout(patience))
	return js.Conn(), js
}

func ensure(tb testing.TB, bus *natsbus.Bus) {
	tb.Helper()
	if err := bus.EnsureStream(limited(tb)); err != nil {
		tb.Fatal(err)
	}
}

func limited(tb testing.TB) context.Context {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	tb.Cleanup(cancel)
	return ctx
}

// eventually polls, so that no test sleeps longer than it must.
func eventually(tb testing.TB, what string, done func() bool) {
	tb.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for ctx := limited(tb); !done(); {
		select {
		case <-tick.C:
		case <-ctx.Done():
			tb.Fatalf("given up waiting for %s", what)
		}
	}
}
