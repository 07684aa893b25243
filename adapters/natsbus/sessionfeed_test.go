package natsbus_test

import (
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/menjin-id/menjin/adapters/natsbus"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/internal/testserver/natstest"
	"github.com/menjin-id/menjin/ports"
)

const feedConsumer = "menjin_revocations"

func TestNoticeTellsWhatTheEventSays(t *testing.T) {
	t.Parallel()
	bus := within(t, embedded(t), natsbus.Options{})
	one, all, allButOne, roles, deleted := newNotice(), newNotice(), newNotice(), newNotice(), newNotice()
	all.SessionID = domain.SessionID{}
	allButOne.SessionID, allButOne.Except = domain.SessionID{}, allButOne.SessionID
	roles.SessionID, roles.RolesChanged = domain.SessionID{}, true
	deleted.SessionID, deleted.Deleted = domain.SessionID{}, true
	notices := follow(t, bus)
	for _, want := range []ports.SessionNotice{one, all, allButOne, roles, deleted} {
		publish(t, bus, noticeMessage(t, want))
		wantNotice(t, notices, want)
	}
}

func TestEventOfTheFirstReleaseIsUnderstood(t *testing.T) {
	t.Parallel()
	bus := within(t, embedded(t), natsbus.Options{})
	want := newNotice()
	want.SessionID = domain.SessionID{}
	message := noticeMessage(t, want)
	message.Data = []byte(`{"user_id":"` + want.UserID.String() + `","session_id":null,"reason":"logout_all","ended_at":"2026-11-22T00:00:00Z"}`)
	publish(t, bus, message)
	wantNotice(t, follow(t, bus), want)
}

func TestConsumerOfTheFirstReleaseIsWidened(t *testing.T) {
	t.Parallel()
	url := natstest.URL(t)
	bus := connect(t, url, natsbus.Options{})
	ensure(t, bus)
	_, js := client(t, url)
	old, err := js.CreateOrUpdateConsumer(limited(t), natsbus.StreamName, jetstream.ConsumerConfig{
		Durable: feedConsumer, Description: "Ends sessions again that were ended with an event",
		FilterSubject: "menjin.user.session_ended.*",
		AckPolicy:     jetstream.AckExplicitPolicy, AckWait: 30 * time.Second, MaxDeliver: -1,
	})
	if err != nil {
		t.Fatal(err)
	}
	handled, waiting, roles := newNotice(), newNotice(), newNotice()
	roles.SessionID, roles.RolesChanged = domain.SessionID{}, true
	publish(t, bus, noticeMessage(t, handled))
	message, err := old.Next()
	if err != nil {
		t.Fatal(err)
	}
	if err := message.DoubleAck(limited(t)); err != nil {
		t.Fatal(err)
	}
	publish(t, bus, noticeMessage(t, waiting), noticeMessage(t, roles))

	notices := follow(t, bus)
	wantNotice(t, notices, waiting)
	wantNotice(t, notices, roles)
}

func TestMalformedSessionEventIsDropped(t *testing.T) {
	t.Parallel()
	server := embedded(t)
	bus := within(t, server, natsbus.Options{})
	good := newNotice()
	const zero = `"00000000-0000-0000-0000-000000000000"`
	user := `{"user_id":"` + good.UserID.String() + `"`
	for _, data := range []string{
		``, `[]`, `{}`, `{"user_id":"x"}`, user + `,"session_id":""}`, user + `,"session_id":` + zero + `}`,
		user + `,"session_id":null,"except_session_id":""}`, user + `,"session_id":null,"except_session_id":` + zero + `}`,
		user + `,"except_session_id":7}`,
		strings.Repeat("[", 100_000),
	} {
		publish(t, bus, spoilt(t, newNotice(), data))
	}
	roles := newNotice()
	roles.RolesChanged = true
	for _, data := range []string{``, `{"changed_at":"2026-11-22T00:00:00Z"}`} {
		publish(t, bus, spoilt(t, roles, data))
		roles.EventID = domain.EventID{ID: newID()}
	}
	for _, version := range []int64{0, -1} {
		none := noticeMessage(t, newNotice())
		none.UserVersion = version
		publish(t, bus, none)
	}
	deleted := newNotice()
	deleted.Deleted = true
	for _, data := range []string{``, `[]`, `{"deleted_at":"2026-11-22T00:00:00Z"}`, user + `,"merged_user_ids":["x"]}`, user + `,"merged_user_ids":[` + zero + `]}`} {
		publish(t, bus, spoilt(t, deleted, data))
		deleted.EventID = domain.EventID{ID: newID()}
	}
	later := noticeMessage(t, newNotice())
	later.Type = "menjin.user.session_ended.v2"
	publish(t, bus, later, noticeMessage(t, good))
	notices := follow(t, bus)
	wantNotice(t, notices, good)
	_, js := client(t, server.URL())
	eventually(t, "all to be answered", func() bool {
		consumer, err := js.Consumer(limited(t), natsbus.StreamName, feedConsumer)
		return err == nil && consumer.CachedInfo().NumAckPending == 0 && consumer.CachedInfo().NumPending == 0
	})
	select {
	case got := <-notices:
		t.Errorf("got notice %+v from a malformed message", got)
	default:
	}
}

func spoilt(t *testing.T, notice ports.SessionNotice, data string) ports.OutboxEvent {
	t.Helper()
	message := noticeMessage(t, notice)
	message.Data = []byte(data)
	return message
}
