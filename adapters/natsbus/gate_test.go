package natsbus_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/menjin-id/menjin/adapters/natsbus"
	"github.com/menjin-id/menjin/ports"
)

// honest is how many subscribers and verifiers there has to be room for.
const honest = 500

func TestSubscribersCannotTakeTheConsumersThatTheServiceNeeds(t *testing.T) {
	t.Parallel()
	log := new(bytes.Buffer)
	server, err := natsbus.StartEmbedded(t.TempDir(), natsbus.EmbeddedOptions{
		Addr: "127.0.0.1:0", Log: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	bus := within(t, server, natsbus.Options{})
	position := publish(t, bus, registrations(t, 3)...)
	_, js := client(t, server.URL())

	made, refusal := fill(t, js)
	if made < honest || !isConsumerLimit(refusal) {
		t.Fatalf("got %d consumers and then %v, want at least %d and then the limit's error", made, refusal, honest)
	}
	if _, err := js.CreateOrUpdateConsumer(limited(t), natsbus.StreamName, pulling("taken0")); err != nil {
		t.Errorf("a consumer that exists is updated: got %v, want no error", err)
	}

	notices, want := follow(t, bus), newNotice()
	publish(t, bus, noticeMessage(t, want))
	wantNotice(t, notices, want)
	seen := 0
	err = bus.Scan(limited(t), time.Time{}, func(ports.StoredEvent) error { seen++; return nil })
	if err != nil || seen != 4 {
		t.Errorf("scan: got %d events, error %v, want 4", seen, err)
	}
	if err := bus.Purge(limited(t), want.UserID); err != nil {
		t.Errorf("purge: %v", err)
	}
	if id, err := bus.EventAt(limited(t), position.Sequence); err != nil || id.IsZero() {
		t.Errorf("event at the end: got %v, error %v", id, err)
	}

	for _, name := range []string{"taken1", "taken2"} { // the service's own took of their room
		if err := js.DeleteConsumer(limited(t), natsbus.StreamName, name); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "room for another", func() bool {
		_, err := js.CreateConsumer(limited(t), natsbus.StreamName, pulling("late"))
		return err == nil
	})
	server.Close()
	if lines := strings.Count(log.String(), "no room for more"); lines != 1 {
		t.Errorf("got %d lines about it in the log, want one:\n%s", lines, log)
	}
}

// fill makes consumers until one is refused.
func fill(t *testing.T, js jetstream.JetStream) (made int, refusal error) {
	t.Helper()
	for ; made < 2*honest; made++ {
		_, err := js.CreateConsumer(limited(t), natsbus.StreamName, pulling(fmt.Sprint("taken", made)))
		if err != nil {
			return made, err
		}
	}
	return made, nil
}

func pulling(name string) jetstream.ConsumerConfig {
	return jetstream.ConsumerConfig{Name: name, InactiveThreshold: time.Hour, MemoryStorage: true, AckPolicy: jetstream.AckNonePolicy}
}

func isConsumerLimit(err error) bool {
	answer, ok := errors.AsType[*jetstream.APIError](err)
	return ok && answer.ErrorCode == jetstream.JSErrCodeMaximumConsumersLimit
}

// TestSubscriberCannotHaveTheServerPublish sends what no permission on subjects can refuse.
func TestSubscriberCannotHaveTheServerPublish(t *testing.T) {
	t.Parallel()
	server := embedded(t)
	bus := within(t, server, natsbus.Options{})
	publish(t, bus, registrations(t, 3)...)
	conn, js := client(t, server.URL())
	name := 0
	try := func(what, more string) {
		name++
		subject := fmt.Sprint("$JS.API.CONSUMER.CREATE.MENJIN_EVENTS.try", name)
		request := fmt.Sprintf(`{"stream_name":"MENJIN_EVENTS","config":{"name":"try%d","ack_policy":"none"%s}}`, name, more)
		answer, err := conn.RequestWithContext(limited(t), subject, []byte(request))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(answer.Data, []byte(`"error"`)) {
			t.Errorf("%s: got %s, want a refusal", what, answer.Data)
		}
	}
	try("hints", `,"deliver_subject":"menjin.relay.wake"`)
	try("spelt otherwise", `,"Deliver_Subject":"menjin.relay.wake"`)
	try("another's replay", `,"deliver_subject":"menjin.replay.billing.x"`)
	try("uncounted", `,"deliver_subject":"menjin.x","direct":true`)
	try("of a source", `,"sourcing":true`)
	try("unknown", `,"later":true`)
	// The server reads value after value, and each adds to those before.
	twice := `{"stream_name":"MENJIN_EVENTS","config":{"name":"twice","ack_policy":"none"}}{"config":{"deliver_subject":"menjin.relay.wake"}}`
	if _, err := conn.RequestWithContext(limited(t), "$JS.API.CONSUMER.CREATE.MENJIN_EVENTS.twice", []byte(twice)); err != nil {
		t.Error(err)
	}
	stream, err := js.Stream(limited(t), natsbus.StreamName)
	if err != nil {
		t.Fatal(err)
	}
	list := stream.ListConsumers(limited(t))
	for info := range list.Info() {
		if info.Config.DeliverSubject != "" {
			t.Errorf("consumer %s pushes to %s", info.Name, info.Config.DeliverSubject)
		}
	}
	if err := list.Err(); err != nil && !errors.Is(err, jetstream.ErrEndOfData) {
		t.Error(err)
	}
}

func TestSubscribersCannotTakeTheConnectionsThatTheServiceNeeds(t *testing.T) {
	t.Parallel()
	server := embedded(t)
	for range 2 * honest {
		conn, err := nats.Connect(server.URL(), nats.Timeout(patience))
		if err != nil {
			break
		}
		t.Cleanup(conn.Close)
	}
	bus := within(t, server, natsbus.Options{})
	publish(t, bus, registrations(t, 1)...)
}

func TestConsumerIsMadeAndUpdatedAsItsSubscriberAsks(t *testing.T) {
	t.Parallel()
	server := embedded(t)
	ensure(t, within(t, server, natsbus.Options{}))
	_, js := client(t, server.URL())
	want := jetstream.ConsumerConfig{
		Name: "search", Durable: "search", Description: "what search reads", AckPolicy: jetstream.AckExplicitPolicy,
		DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: 7, AckWait: 20 * time.Second, MaxDeliver: -1,
		FilterSubjects: []string{"menjin.user.deleted.*", "menjin.user.registered.*"}, MaxAckPending: 256,
		PriorityPolicy: jetstream.PriorityPolicyPinned, PriorityGroups: []string{"menjin"}, PinnedTTL: 20 * time.Second,
		Metadata: map[string]string{"menjin-kit": "subscriber", "menjin-read-to": "6"},
	}
	if _, err := js.UpdateConsumer(limited(t), natsbus.StreamName, want); !errors.Is(err, jetstream.ErrConsumerDoesNotExist) {
		t.Errorf("update of what is not there: got %v, want ErrConsumerDoesNotExist", err)
	}
	if _, err := js.CreateConsumer(limited(t), natsbus.StreamName, want); err != nil {
		t.Fatal(err)
	}
	want.MaxAckPending, want.Metadata["menjin-read-to"] = 512, "9"
	if _, err := js.CreateConsumer(limited(t), natsbus.StreamName, want); !errors.Is(err, jetstream.ErrConsumerExists) {
		t.Errorf("make it twice: got %v, want ErrConsumerExists", err)
	}
	consumer, err := js.UpdateConsumer(limited(t), natsbus.StreamName, want)
	if err != nil {
		t.Fatal(err)
	}
	got := consumer.CachedInfo().Config
	for key := range got.Metadata {
		if strings.HasPrefix(key, "_nats.") { // the server's own
			delete(got.Metadata, key)
		}
	}
	want.MaxWaiting, want.ReplayPolicy = got.MaxWaiting, got.ReplayPolicy // the server's choice
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
