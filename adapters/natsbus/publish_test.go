package natsbus_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/menjin-id/menjin/adapters/natsbus"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/internal/testserver/natstest"
	"github.com/menjin-id/menjin/ports"
)

func newID() domain.ID { return domain.ID(uuid.Must(uuid.NewV7())) }

// registrations are events of as many users.
func registrations(tb testing.TB, count int) []ports.OutboxEvent {
	tb.Helper()
	events := make([]ports.OutboxEvent, count)
	for i := range events {
		events[i] = registration(tb, domain.UserID{ID: newID()}, 1)
	}
	return events
}

func registration(tb testing.TB, user domain.UserID, version int64) ports.OutboxEvent {
	tb.Helper()
	return outboxEvent(tb, domain.Event{
		ID: domain.EventID{ID: newID()}, Type: domain.EventRegistered, UserID: user, Version: version,
		At:    time.Now().UTC().Truncate(time.Microsecond),
		Facts: domain.Registered{Method: domain.MethodWeChat, AppID: "wx0123456789abcdef"},
	})
}

func wantRejected(t *testing.T, err error, id domain.EventID) {
	t.Helper()
	rejected, ok := errors.AsType[*ports.RejectedError](err)
	if !ok || rejected.Event != id || rejected.Reason == "" {
		t.Errorf("got error %v, want event %s rejected with a reason", err, id)
	}
}

func TestMessageIsACloudEvent(t *testing.T) {
	t.Parallel()
	server := embedded(t)
	bus := within(t, server, natsbus.Options{Source: "https://id.example.com", SchemaBase: "https://id.example.com/schemas/"})
	plain, traced := registrations(t, 1)[0], registrations(t, 1)[0]
	traced.Headers = map[string]string{"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "ce-id": "forged"}
	publish(t, bus, plain, traced)

	_, js := client(t, server.URL())
	for i, event := range []ports.OutboxEvent{plain, traced} {
		got := message(t, js, uint64(i+1))
		want := nats.Header{
			"Nats-Msg-Id": {event.Message.ID.String()}, "Nats-Expected-Stream": {"MENJIN_EVENTS"},
			"ce-specversion": {"1.0"}, "ce-id": {event.Message.ID.String()}, "ce-source": {"https://id.example.com"},
			"ce-type": {"menjin.user.registered.v1"}, "ce-subject": {event.UserID.String()},
			"ce-time":       {event.At.Format(time.RFC3339Nano)},
			"ce-dataschema": {"https://id.example.com/schemas/menjin.user.registered.v1.json"},
			"ce-sequence":   {"1"}, "content-type": {"application/json"},
		}
		if text := event.Headers["traceparent"]; text != "" {
			want["traceparent"] = []string{text}
		}
		if diff := cmp.Diff(want, got.Header); diff != "" {
			t.Errorf("headers (-want +got):\n%s", diff)
		}
		if got.Subject != event.Subject || string(got.Data) != string(event.Data) {
			t.Errorf("got %s %s, want %s %s", got.Subject, got.Data, event.Subject, event.Data)
		}
	}
}

func message(tb testing.TB, js jetstream.JetStream, sequence uint64) *jetstream.RawStreamMsg {
	tb.Helper()
	stream, err := js.Stream(limited(tb), natsbus.StreamName)
	if err != nil {
		tb.Fatal(err)
	}
	message, err := stream.GetMsg(limited(tb), sequence)
	if err != nil {
		tb.Fatal(err)
	}
	return message
}

func TestNothingOfAUserIsSentBehindWhatWasNotStored(t *testing.T) {
	t.Parallel()
	url := natstest.URL(t)
	bus := connect(t, url, natsbus.Options{})
	ensure(t, bus)
	_, js := client(t, url)
	limitSize(t, js, 4096)
	one, other := domain.UserID{ID: newID()}, domain.UserID{ID: newID()}
	batch := []ports.OutboxEvent{
		registration(t, one, 1), registration(t, other, 1), registration(t, one, 2), registration(t, one, 3),
	}
	batch[2].Data = make([]byte, 8192)
	_, err := bus.Publish(limited(t), ports.StreamPosition{}, batch)
	wantRejected(t, err, batch[2].Message.ID)
	wantStored(t, bus, batch[:2])
}

func limitSize(tb testing.TB, js jetstream.JetStream, size int32) {
	tb.Helper()
	stream, err := js.Stream(limited(tb), natsbus.StreamName)
	if err != nil {
		tb.Fatal(err)
	}
	config := stream.CachedInfo().Config
	config.MaxMsgSize = size
	if _, err := js.UpdateStream(limited(tb), config); err != nil {
		tb.Fatal(err)
	}
}

func TestFullStreamMakesPublishingWait(t *testing.T) {
	t.Parallel()
	bus := connect(t, natstest.URL(t), natsbus.Options{Stream: natsbus.StreamOptions{MaxBytes: 4096}})
	_, err := bus.Publish(limited(t), ports.StreamPosition{}, registrations(t, 20))
	wantUnavailable(t, err)
}

func wantStored(t *testing.T, bus *natsbus.Bus, events []ports.OutboxEvent) {
	t.Helper()
	var want []domain.EventID
	for _, event := range events {
		want = append(want, event.Message.ID)
	}
	if diff := cmp.Diff(want, stored(t, bus)); diff != "" {
		t.Errorf("stored events (-want +got):\n%s", diff)
	}
}

func wantUnavailable(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("got error %v, want it to match domain.ErrUnavailable", err)
	}
}

func TestPublishGivesUpAtTheDeadline(t *testing.T) {
	t.Parallel()
	silent := silentServer(t)
	bus := connect(t, silent, natsbus.Options{AckTimeout: time.Hour})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := bus.Publish(ctx, ports.StreamPosition{}, registrations(t, 3))
	wantUnavailable(t, err)
}

func TestStreamMadeAnewIsTold(t *testing.T) {
	t.Parallel()
	url := natstest.URL(t)
	bus := connect(t, url, natsbus.Options{})
	before := publish(t, bus, registrations(t, 3)...)
	_, js := client(t, url)
	if err := js.DeleteStream(limited(t), natsbus.StreamName); err != nil {
		t.Fatal(err)
	}
	batch := registrations(t, 2)
	var rewound *ports.RewoundError
	eventually(t, "the rewind", func() bool {
		_, err := bus.Publish(limited(t), before, batch)
		return errors.As(err, &rewound)
	})
	if rewound.Intact.Stream == before.Stream || rewound.Intact.Sequence != 0 {
		t.Errorf("intact: got %+v, want sequence 0 of another stream than %s", rewound.Intact, before.Stream)
	}
}

func TestAnotherReplicasProgressIsNoRewind(t *testing.T) {
	t.Parallel()
	server := embedded(t)
	one, other := within(t, server, natsbus.Options{}), within(t, server, natsbus.Options{})
	first := registrations(t, 2)
	publish(t, one, first[0])
	second := publish(t, other, first[1])
	third := registrations(t, 1)
	got, err := one.Publish(limited(t), second, third)
	if err != nil || got.Sequence != 3 {
		t.Errorf("got %+v, error %v, want sequence 3", got, err)
	}
}

func BenchmarkPublish(b *testing.B) {
	const size = 500
	for _, users := range []int{size, 50} {
		b.Run(fmt.Sprintf("%d users", users), func(b *testing.B) {
			bus := within(b, embedded(b), natsbus.Options{})
			batches := make([][]ports.OutboxEvent, b.N+1)
			for i := range batches {
				batches[i] = batchOf(b, size, users)
			}
			publish(b, bus, batches[b.N]...)
			b.ReportAllocs()
			b.ResetTimer()
			for i := range b.N {
				publish(b, bus, batches[i]...)
			}
			b.ReportMetric(float64(b.N*size)/b.Elapsed().Seconds(), "msgs/s")
		})
	}
}

func batchOf(tb testing.TB, size, users int) []ports.OutboxEvent {
	tb.Helper()
	ids := make([]domain.UserID, users)
	for i := range ids {
		ids[i] = domain.UserID{ID: newID()}
	}
	batch := make([]ports.OutboxEvent, size)
	for i := range batch {
		batch[i] = registration(tb, ids[i%users], int64(i/users+1))
	}
	return batch
}
