package natsbus_test

import (
	"context"
	"log/slog"
	"net"
	"strings"
	"testing"

	"github.com/menjin-id/menjin/adapters/natsbus"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// firstLine stops who logs once they have.
type firstLine struct {
	stop func()
	text strings.Builder
}

func (l *firstLine) Write(line []byte) (int, error) {
	defer l.stop()
	return l.text.Write(line)
}

func TestFeedSaysThatThereIsNoConnection(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil { // now nobody listens there
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(limited(t))
	defer stop()
	line := &firstLine{stop: stop}
	bus, err := natsbus.Connect(domain.NewSecret("nats://menjin:hunter2@"+address), natsbus.Options{Log: slog.New(slog.NewTextHandler(line, nil))})
	if err != nil {
		t.Fatal(err)
	}
	_ = bus.Follow(ctx, func(context.Context, ports.SessionNotice) error { return nil })
	bus.Close()
	got := line.text.String()
	if !strings.Contains(got, "there is no connection to NATS") || strings.Contains(got, "buffer") || strings.Contains(got, "hunter2") {
		t.Errorf("got %q, want that there is no connection", got)
	}
}
