package natsbus_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/menjin-id/menjin/adapters/natsbus"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/internal/testserver/natstest"
	"github.com/menjin-id/menjin/ports"
	"github.com/menjin-id/menjin/ports/portstest"
)

// reached are both kinds of NATS with the address that subscribers use.
var reached = map[string]func(t *testing.T) (*natsbus.Bus, string){
	"embedded": func(t *testing.T) (*natsbus.Bus, string) {
		server := embedded(t)
		return within(t, server, natsbus.Options{}), server.URL()
	},
	"external": func(t *testing.T) (*natsbus.Bus, string) {
		url := natstest.URL(t)
		return connect(t, url, natsbus.Options{}), url
	},
}

func TestEventReplayer(t *testing.T) {
	t.Parallel()
	for where, open := range reached {
		for what, spoil := range spoils {
			t.Run(where+"/"+what, func(t *testing.T) {
				t.Parallel()
				portstest.EventReplayer(t, func(t *testing.T) portstest.EventReplayerParts {
					bus, url := open(t)
					ensure(t, bus)
					return portstest.EventReplayerParts{
						EventStreamParts: portstest.EventStreamParts{Stream: bus, Spoil: spoil},
						Replayer:         bus,
						Held:             func(t *testing.T) []ports.Message { return inOrder(t, bus, url) },
						Hear: func(t *testing.T) func(*testing.T, int) []ports.Message {
							return hear(t, url)
						},
					}
				})
			})
		}
	}
}

// inOrder reads the whole stream as a subscriber would.
func inOrder(t *testing.T, bus *natsbus.Bus, url string) (messages []ports.Message) {
	t.Helper()
	tail, err := bus.Tail(limited(t))
	if err != nil {
		t.Fatal(err)
	}
	_, js := client(t, url)
	for sequence := range tail.Sequence {
		got := message(t, js, sequence+1)
		messages = append(messages, decoded(t, got.Subject, got.Header, got.Data))
	}
	return messages
}

// hear listens beside the stream as a subscriber would.
func hear(t *testing.T, url string) func(*testing.T, int) []ports.Message {
	t.Helper()
	conn, _ := client(t, url)
	subscription, err := conn.SubscribeSync("menjin.replay.>")
	if err == nil {
		err = conn.FlushWithContext(limited(t))
	}
	if err != nil {
		t.Fatal(err)
	}
	return func(t *testing.T, count int) (messages []ports.Message) {
		t.Helper()
		for range count {
			got, err := subscription.NextMsgWithContext(limited(t))
			if err != nil {
				t.Fatalf("after %d of %d messages: %v", len(messages), count, err)
			}
			messages = append(messages, decoded(t, got.Subject, got.Header, got.Data))
		}
		return messages
	}
}

func decoded(t *testing.T, subject string, header nats.Header, data []byte) ports.Message {
	t.Helper()
	id, err := domain.ParseEventID(header.Get("ce-id"))
	if err != nil {
		t.Fatalf("ce-id %q: %v", header.Get("ce-id"), err)
	}
	headers := map[string]string{}
	if mark := header.Get(ports.HeaderReplayed); mark != "" {
		headers[ports.HeaderReplayed] = mark
	}
	return ports.Message{ID: id, Subject: subject, Data: data, Headers: headers}
}

func TestReplayedMessageHasTheHeadersOfTheOriginal(t *testing.T) {
	t.Parallel()
	server := embedded(t)
	bus := within(t, server, natsbus.Options{})
	event := registrations(t, 1)[0]
	event.Headers = map[string]string{"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}
	publish(t, bus, event)
	replay := ports.Replay{ID: newID()}
	if err := bus.Replay(limited(t), ports.StreamPosition{}, replay, []ports.OutboxEvent{event}); err != nil {
		t.Fatal(err)
	}
	_, js := client(t, server.URL())
	want, got := message(t, js, 1).Header, message(t, js, 2).Header
	want.Set("Nats-Msg-Id", replay.ID.String()+":"+event.Message.ID.String())
	want.Set("ce-replayed", "true")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
}

func TestStreamThatTakesReplaysAcknowledgesThem(t *testing.T) {
	t.Parallel()
	url := natstest.URL(t)
	_, js := client(t, url)
	for name, subjects := range map[string][]string{
		"KEPT": {"menjin.replay.search.user.registered.*"}, "OTHER": {"menjin.replay.other.>"},
	} {
		if _, err := js.CreateStream(limited(t), jetstream.StreamConfig{Name: name, Subjects: subjects}); err != nil {
			t.Fatal(err)
		}
	}
	bus := connect(t, url, natsbus.Options{})
	events := registrations(t, 20)
	events[7] = noticeMessage(t, ports.SessionNotice{
		EventID: domain.EventID{ID: newID()}, UserID: domain.UserID{ID: newID()}, Version: 2,
	})
	heard := hear(t, url)
	replay := ports.Replay{ID: newID(), To: "search"}
	for range 2 { // a crash in between makes the second
		if err := bus.Replay(limited(t), ports.StreamPosition{}, replay, events); err != nil {
			t.Fatal(err)
		}
	}
	heard(t, 40)
	for name, want := range map[string]uint64{"KEPT": 19, "OTHER": 0} {
		stream, err := js.Stream(limited(t), name)
		if err != nil {
			t.Fatal(err)
		}
		if got := stream.CachedInfo().State.Msgs; got != want {
			t.Errorf("stream %s: got %d messages, want %d", name, got, want)
		}
	}
}

func TestLastEventIsFoundBehindManyThatWereSentAgain(t *testing.T) {
	t.Parallel()
	for where, open := range reached {
		t.Run(where, func(t *testing.T) {
			t.Parallel()
			bus, _ := open(t)
			events := registrations(t, 1000)
			publish(t, bus, events...)
			for range 5 {
				if err := bus.Replay(limited(t), ports.StreamPosition{}, ports.Replay{ID: newID()}, events); err != nil {
					t.Fatal(err)
				}
			}
			tail, err := bus.Tail(limited(t))
			if err != nil || tail.Sequence != 6000 {
				t.Fatalf("tail: got %+v, error %v, want sequence 6000", tail, err)
			}
			for _, at := range []uint64{6000, 5999, 1001, 1000} {
				got, err := bus.EventAt(limited(t), at)
				if want := events[999].Message.ID; err != nil || got != want {
					t.Errorf("event at %d: got %s, error %v, want %s", at, got, err, want)
				}
			}
		})
	}
}
