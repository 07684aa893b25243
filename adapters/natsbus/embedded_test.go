package natsbus_test

import (
	"context"
	"errors"
	"net"
	"reflect"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/menjin-id/menjin/adapters/natsbus"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

func TestSubscriberReadsThroughADurableConsumer(t *testing.T) {
	t.Parallel()
	server := embedded(t)
	bus := within(t, server, natsbus.Options{})
	events := registrations(t, 5)
	publish(t, bus, events...)
	conn, js := client(t, server.URL())
	live, err := conn.SubscribeSync("menjin.user.>")
	if err != nil {
		t.Fatal(err)
	}

	consumer, err := js.CreateOrUpdateConsumer(limited(t), natsbus.StreamName, jetstream.ConsumerConfig{
		Durable: "billing", FilterSubject: "menjin.user.registered.*", AckPolicy: jetstream.AckExplicitPolicy,
	})
	if err != nil {
		t.Fatal(err)
	}
	batch, err := consumer.Fetch(len(events))
	if err != nil {
		t.Fatal(err)
	}
	i := 0
	for message := range batch.Messages() {
		if got, want := message.Headers().Get("Nats-Msg-Id"), events[i].Message.ID.String(); got != want {
			t.Errorf("message %d: got id %s, want %s", i, got, want)
		}
		if err := message.DoubleAck(limited(t)); err != nil {
			t.Errorf("ack message %d: %v", i, err)
		}
		i++
	}
	info, err := consumer.Info(limited(t))
	if err != nil || i != len(events) || info.AckFloor.Consumer != uint64(len(events)) {
		t.Errorf("got %d messages, info %+v, error %v, want %d acknowledged", i, info, err, len(events))
	}

	publish(t, bus, registrations(t, 1)...)
	if _, err := live.NextMsg(patience); err != nil {
		t.Errorf("live event: %v", err)
	}
	if err := js.DeleteConsumer(limited(t), natsbus.StreamName, "billing"); err != nil {
		t.Errorf("delete own consumer: %v", err)
	}
}

func TestSubscriberKeepsDeadLettersInAStreamOfItsOwn(t *testing.T) {
	t.Parallel()
	server := embedded(t)
	_, js := client(t, server.URL())
	config := jetstream.StreamConfig{Name: "BILLING_DEAD", Subjects: []string{"dead.billing.>"}}
	if _, err := js.CreateStream(limited(t), config); err != nil {
		t.Fatal(err)
	}
	if _, err := js.Publish(limited(t), "dead.billing.x", []byte("{}")); err != nil {
		t.Error(err)
	}
}

// TestSubscriberCannotHarmTheEvents tries what a stranger on the machine would.
func TestSubscriberCannotHarmTheEvents(t *testing.T) {
	t.Parallel()
	server := embedded(t)
	bus := within(t, server, natsbus.Options{})
	before := publish(t, bus, registrations(t, 3)...)
	notices := follow(t, bus)
	conn, js := client(t, server.URL())

	if _, err := js.CreateStream(limited(t), jetstream.StreamConfig{
		Name: "EVIL", Subjects: []string{"evil"},
		RePublish: &jetstream.RePublish{Source: "evil", Destination: "menjin.user.registered.republished"},
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := js.Publish(limited(t), "evil", []byte("{}")); err != nil {
		t.Fatal(err)
	}
	tryRequests(t, conn, map[string]string{
		"menjin.user.registered.direct":                  `{}`,
		"$JS.API.STREAM.PURGE.MENJIN_EVENTS":             ``,
		"$JS.API.STREAM.DELETE.MENJIN_EVENTS":            ``,
		"$JS.API.STREAM.MSG.DELETE.MENJIN_EVENTS":        `{"seq":1}`,
		"$JS.API.STREAM.UPDATE.MENJIN_EVENTS":            `{"name":"MENJIN_EVENTS","subjects":["menjin.user.>"],"max_msgs":1}`,
		"$JS.API.STREAM.SNAPSHOT.MENJIN_EVENTS":          `{"deliver_subject":"_INBOX.x"}`,
		"_menjin_events.API.STREAM.PURGE.MENJIN_EVENTS":  ``,
		"_menjin_events.API.STREAM.DELETE.MENJIN_EVENTS": ``,
		"$JS.API.CONSUMER.CREATE.MENJIN_EVENTS": `{"stream_name":"MENJIN_EVENTS","config":{"name":"menjin_revocations",` +
			`"ack_policy":"none","filter_subject":"menjin.none"}}`,
		"$JS.API.CONSUMER.CREATE.MENJIN_EVENTS.menjin_revocations": `{"stream_name":"MENJIN_EVENTS","config":{` +
			`"durable_name":"menjin_revocations","ack_policy":"explicit","filter_subject":"menjin.user.none"}}`,
		"$JS.API.CONSUMER.CREATE.MENJIN_EVENTS.other": `{"stream_name":"MENJIN_EVENTS","config":{` +
			`"durable_name":"menjin_revocations","ack_policy":"explicit","filter_subject":"menjin.user.none"}}`,
		"$JS.API.CONSUMER.DURABLE.CREATE.MENJIN_EVENTS.menjin_revocations": `{"stream_name":"MENJIN_EVENTS","config":{` +
			`"durable_name":"menjin_revocations","ack_policy":"explicit","filter_subject":"menjin.user.none"}}`,
		"$JS.API.CONSUMER.DELETE.MENJIN_EVENTS.menjin_revocations":              ``,
		"_menjin_events.API.CONSUMER.DELETE.MENJIN_EVENTS.menjin_revocations":   ``,
		"$JS.API.CONSUMER.MSG.NEXT.MENJIN_EVENTS.menjin_revocations":            `1`,
		"_menjin_events.API.CONSUMER.MSG.NEXT.MENJIN_EVENTS.menjin_revocations": `1`,
		"$JS.API.CONSUMER.CREATE.MENJIN_EVENTS.loop": `{"stream_name":"MENJIN_EVENTS","config":{"name":"loop",` +
			`"deliver_subject":"$JS.API.STREAM.PURGE.MENJIN_EVENTS","ack_policy":"none","deliver_policy":"all"}}`,
	})
	// The answer to a request goes where the request says.
	for _, question := range []string{"$JS.API.INFO", "$JS.API.STREAM.INFO.MENJIN_EVENTS", "$JS.API.CONSUMER.NAMES.MENJIN_EVENTS"} {
		if err := conn.PublishRequest(question, "menjin.user.registered.answer", nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := conn.FlushTimeout(patience); err != nil {
		t.Fatal(err)
	}

	after, err := bus.Tail(limited(t))
	if err != nil || after != before {
		t.Errorf("stream ends at %+v, error %v, want %+v", after, err, before)
	}
	for sequence := uint64(1); sequence <= before.Sequence; sequence++ {
		if id, err := bus.EventAt(limited(t), sequence); err != nil || id.IsZero() {
			t.Errorf("event %d: got %v, error %v, want it kept", sequence, id, err)
		}
	}
	want := newNotice()
	publish(t, bus, noticeMessage(t, want))
	wantNotice(t, notices, want)
}

func tryRequests(t *testing.T, conn *nats.Conn, requests map[string]string) {
	t.Helper()
	for subject, body := range requests {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		if answer, err := conn.RequestWithContext(ctx, subject, []byte(body)); err == nil {
			t.Logf("%s: %s", subject, answer.Data)
		}
		cancel()
	}
}

func TestEmbeddedServerTellsThatItsAddressIsTaken(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	for what, addr := range map[string]string{
		"taken": listener.Addr().String(), "no port": "127.0.0.1", "no number": "127.0.0.1:nats",
	} {
		server, err := natsbus.StartEmbedded(t.TempDir(), natsbus.EmbeddedOptions{Addr: addr, Log: quiet})
		if !errors.Is(err, natsbus.ErrAddress) {
			t.Errorf("%s: got %v, want it to match ErrAddress", what, err)
		}
		if server != nil {
			server.Close()
		}
	}
}

func TestEmbeddedServerWithoutAddressListensNowhere(t *testing.T) {
	t.Parallel()
	server, err := natsbus.StartEmbedded(t.TempDir(), natsbus.EmbeddedOptions{Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	if got := server.URL(); got != "" {
		t.Errorf("got URL %q, want none", got)
	}
	publish(t, within(t, server, natsbus.Options{}), registrations(t, 1)...)
}

func TestEmbeddedServerKeepsEventsOverARestart(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	events := registrations(t, 2)
	var recorded ports.StreamPosition
	for i, event := range events {
		server, err := natsbus.StartEmbedded(folder, natsbus.EmbeddedOptions{Log: quiet})
		if err != nil {
			t.Fatal(err)
		}
		bus := within(t, server, natsbus.Options{})
		recorded, err = bus.Publish(limited(t), recorded, []ports.OutboxEvent{event})
		if err != nil || recorded.Sequence != uint64(i+1) {
			t.Errorf("start %d: got %+v, error %v, want sequence %d", i+1, recorded, err, i+1)
		}
		for range 2 { // closing twice is no harm
			bus.Close()
			server.Close()
		}
	}
}

func TestClosedBusAnswersUnavailable(t *testing.T) {
	t.Parallel()
	bus := within(t, embedded(t), natsbus.Options{})
	bus.Close()
	_, err := bus.Publish(limited(t), ports.StreamPosition{}, registrations(t, 1))
	wantUnavailable(t, err)
	wantUnavailable(t, bus.Ping(limited(t)))
	bus.Hint()
}

func BenchmarkStartEmbedded(b *testing.B) {
	for range b.N {
		server, err := natsbus.StartEmbedded(b.TempDir(), natsbus.EmbeddedOptions{Addr: "127.0.0.1:0", Log: quiet})
		if err != nil {
			b.Fatal(err)
		}
		bus, err := server.Connect(natsbus.Options{Log: quiet})
		if err != nil {
			b.Fatal(err)
		}
		if err := bus.EnsureStream(context.Background()); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		bus.Close()
		server.Close()
		b.StartTimer()
	}
}

// follow follows until the test ends and hands each notice on.
func follow(t *testing.T, bus *natsbus.Bus) <-chan ports.SessionNotice {
	t.Helper()
	notices := make(chan ports.SessionNotice, 100)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = bus.Follow(ctx, func(_ context.Context, notice ports.SessionNotice) error {
			notices <- notice
			return nil
		})
	}()
	t.Cleanup(func() { cancel(); <-done })
	return notices
}

func newNotice() ports.SessionNotice {
	return ports.SessionNotice{
		EventID: domain.EventID{ID: newID()}, UserID: domain.UserID{ID: newID()}, Version: 2,
		SessionID: domain.SessionID{ID: newID()},
	}
}

func wantNotice(t *testing.T, notices <-chan ports.SessionNotice, want ports.SessionNotice) {
	t.Helper()
	select {
	case got := <-notices:
		if !reflect.DeepEqual(got, want) {
			t.Errorf("notice: got %+v, want %+v", got, want)
		}
	case <-limited(t).Done():
		t.Errorf("notice: got none, want %+v", want)
	}
}
