package natsbus_test

import (
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/menjin-id/menjin/adapters/natsbus"
	"github.com/menjin-id/menjin/internal/testserver"
	"github.com/menjin-id/menjin/internal/testserver/natstest"
)

func TestOwnHintsDoNotComeBack(t *testing.T) {
	t.Parallel()
	server := embedded(t)
	one, other := within(t, server, natsbus.Options{}), within(t, server, natsbus.Options{})
	eventually(t, "the hint", func() bool {
		one.Hint()
		select {
		case <-other.Hints():
			return true
		default:
			return false
		}
	})
	if err := one.Ping(limited(t)); err != nil {
		t.Fatal(err)
	}
	select {
	case <-one.Hints():
		t.Error("a hint came back to its sender")
	default:
	}
}

// TestSubscriberOfAnOutsideNATSCannotHint has the server publish to the subject in every way it does for a client that may not.
func TestSubscriberOfAnOutsideNATSCannotHint(t *testing.T) {
	t.Parallel()
	testserver.SkipShort(t)
	server := natstest.NewServer(t)
	bus := connect(t, server.URL(), natsbus.Options{})
	publish(t, bus, registrations(t, 1)...)
	conn, js := client(t, server.URL())
	heard, err := conn.SubscribeSync("menjin.relay.wake")
	if err != nil {
		t.Fatal(err)
	}
	arrives := func(what string) {
		t.Helper()
		if _, err := heard.NextMsgWithContext(limited(t)); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}

	push := jetstream.ConsumerConfig{
		Name: "push", DeliverSubject: "menjin.relay.wake", HeadersOnly: true, AckPolicy: jetstream.AckNonePolicy,
	}
	if _, err := js.CreatePushConsumer(limited(t), natsbus.StreamName, push); err != nil {
		t.Fatal(err)
	}
	arrives("push")
	if _, err := js.CreateStream(limited(t), jetstream.StreamConfig{
		Name: "OTHER", Subjects: []string{"other"}, RePublish: &jetstream.RePublish{Source: "other", Destination: "menjin.relay.wake"},
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := js.Publish(limited(t), "other", []byte("work")); err != nil {
		t.Fatal(err)
	}
	arrives("republished")
	if err := conn.PublishRequest("$JS.API.INFO", "menjin.relay.wake", nil); err != nil {
		t.Fatal(err)
	}
	arrives("answer")
	acknowledgeTo(t, conn, js, "menjin.relay.wake")
	arrives("answer to an acknowledgement")

	for range 2 {
		if err := bus.Ping(limited(t)); err != nil { // what was sent before has arrived
			t.Fatal(err)
		}
	}
	select {
	case <-bus.Hints():
		t.Error("got a hint, want none")
	default:
	}
	replica := connect(t, server.URL(), natsbus.Options{})
	eventually(t, "the hint of another replica", func() bool {
		replica.Hint()
		select {
		case <-bus.Hints():
			return true
		default:
			return false
		}
	})
}

func acknowledgeTo(t *testing.T, conn *nats.Conn, js jetstream.JetStream, reply string) {
	t.Helper()
	consumer, err := js.CreateConsumer(limited(t), natsbus.StreamName, jetstream.ConsumerConfig{AckPolicy: jetstream.AckExplicitPolicy})
	if err != nil {
		t.Fatal(err)
	}
	message, err := consumer.Next(jetstream.FetchMaxWait(patience))
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.PublishRequest(message.Reply(), reply, []byte("+ACK")); err != nil {
		t.Fatal(err)
	}
}
