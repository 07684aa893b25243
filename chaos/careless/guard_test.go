package careless_test

import (
	"slices"
	"testing"
	"time"

	"github.com/menjin-id/menjin/chaos/careless"
	"github.com/menjin-id/menjin/chaos/proxy"
	"github.com/menjin-id/menjin/internal/testserver/proxytest"
	"github.com/menjin-id/menjin/ports"
)

// A relay that is killed between the acknowledgement and its commit leaves its batch to the next one.
func TestEventIsStoredTwiceWithoutItsIDAsMessageID(t *testing.T) {
	t.Parallel()
	for mode, want := range map[careless.Mode][]int64{careless.Careful: {1, 2}, careless.MessageID: {1, 2, 1, 2}} {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			bus, url := open(t)
			stream, end, err := careless.Stream(mode, bus, url)
			if err != nil {
				t.Fatal(err)
			}
			defer end()
			events := history(t, 2)
			for range 2 {
				if _, err := stream.Publish(limited(t), ports.StreamPosition{}, events); err != nil {
					t.Fatal(err)
				}
			}
			if got := versions(t, url); !slices.Equal(got, want) {
				t.Errorf("versions in the stream: got %v, want %v", got, want)
			}
		})
	}
}

// A connection breaks with the user's first event under way. What is sent before it is back is kept by a client that has a
// buffer for it, and arrives before the first event is sent again.
func TestReconnectBufferReordersEvents(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		options careless.Options
		want    []int64
	}{
		"on":  {careless.Options{Buffer: true}, []int64{2, 1}},
		"off": {careless.Options{}, []int64{1, 2}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bus, url := open(t)
			ensure(t, bus)
			between, through := proxytest.Through(t, url)
			publisher := careless.NewPublisher(through, test.options)
			t.Cleanup(publisher.Close)
			events := history(t, 2)
			if kept := breakBetween(t, between, publisher, events); kept {
				eventually(t, "what the client kept to arrive", func() bool { return len(versions(t, url)) > 0 })
			}
			eventually(t, "both events to be acknowledged", func() bool {
				_, err := publisher.Publish(limited(t), events)
				return err == nil
			})
			if got := versions(t, url); !slices.Equal(got, test.want) {
				t.Errorf("versions in the stream: got %v, want %v", got, test.want)
			}
		})
	}
}

// breakBetween loses the first event with its connection, and sends the second before there is another. It reports whether
// the client has kept that.
func breakBetween(t *testing.T, between *proxy.Proxy, publisher *careless.Publisher, events []ports.OutboxEvent) (kept bool) {
	t.Helper()
	js, err := publisher.Stream()
	if err != nil {
		t.Fatal(err)
	}
	between.Swallow()
	if _, err := publisher.Send(js, &events[0].Message); err != nil {
		t.Fatal(err)
	}
	if err := js.Conn().FlushTimeout(100 * time.Millisecond); err == nil {
		t.Fatal("the proxy passed on what it should swallow")
	}
	between.Refuse()
	eventually(t, "the loss to be noticed", func() bool { return !publisher.Connected() })
	_, err = publisher.Send(js, &events[1].Message)
	between.Heal()
	return err == nil
}

// The stream cannot be had for a moment, as at a change of leader in a cluster. The client's own retry of the first event
// comes after what was sent meanwhile; without it the batch fails, and is sent again from its beginning.
func TestRetryByTheClientReordersEvents(t *testing.T) {
	t.Parallel()
	t.Run("on", func(t *testing.T) {
		t.Parallel()
		// Time enough to make the stream, and to send what goes first, on a busy machine.
		wantAfterRefusal(t, careless.Options{Retry: 3 * time.Second}, 1, []int64{2, 1})
	})
	t.Run("off", func(t *testing.T) {
		t.Parallel()
		wantAfterRefusal(t, careless.Options{}, 0, []int64{1, 2})
	})
}

// wantAfterRefusal sends the first of two events before there is a stream, and then those from next on.
func wantAfterRefusal(t *testing.T, options careless.Options, next int, want []int64) {
	t.Helper()
	bus, url := open(t)
	publisher := careless.NewPublisher(url, options)
	t.Cleanup(publisher.Close)
	js, err := publisher.Stream()
	if err != nil {
		t.Fatal(err)
	}
	events := history(t, 2)
	first, err := publisher.Send(js, &events[0].Message)
	if err == nil {
		err = js.Conn().Flush() // the server has refused by then
	}
	if err != nil {
		t.Fatal(err)
	}
	ensure(t, bus)
	if _, err := publisher.Publish(limited(t), events[next:]); err != nil {
		t.Fatal(err)
	}
	select {
	case <-first.Ok():
	case <-first.Err():
	case <-limited(t).Done():
		t.Fatal("the first event neither failed nor was stored")
	}
	if got := versions(t, url); !slices.Equal(got, want) {
		t.Errorf("versions in the stream: got %v, want %v", got, want)
	}
}
