package kittest

import (
	"crypto/rand"
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	menjin "github.com/menjin-id/menjin/clients/go"
)

// Event is an event as the service writes it.
type Event struct {
	ID       string // set by the makers; the same id twice is the same event
	Type     string
	UserID   string
	Sequence int64
	Time     time.Time
	Data     any
}

// Of makes an event of any type, e.g. Of(menjin.TypeLocked, user, 7, menjin.Locked{UserID: user}).
func Of(kind, userID string, sequence int64, data any) Event {
	return Event{ID: rand.Text(), Type: kind, UserID: userID, Sequence: sequence, Time: time.Now().UTC(), Data: data}
}

// Registered makes the event of a new user.
func Registered(userID string, sequence int64) Event {
	return Of(menjin.TypeRegistered, userID, sequence,
		menjin.Registered{UserID: userID, Method: "wechat", RegisteredAt: time.Now().UTC()})
}

// ProfileUpdated makes the event of a changed nickname.
func ProfileUpdated(userID string, sequence int64) Event {
	return Of(menjin.TypeProfileUpdated, userID, sequence,
		menjin.ProfileUpdated{UserID: userID, Fields: []string{"nickname"}, UpdatedAt: time.Now().UTC()})
}

// Subject is where the service publishes an event.
func (e Event) Subject() string {
	subject := e.Type[:strings.LastIndex(e.Type, ".v")]
	if e.UserID != "" {
		subject += "." + e.UserID
	}
	return subject
}

// Message is an event with its headers.
func (e Event) Message(t testing.TB) *nats.Msg {
	t.Helper()
	data, err := json.Marshal(e.Data)
	if err != nil {
		t.Fatal(err)
	}
	message := &nats.Msg{Subject: e.Subject(), Data: data, Header: nats.Header{
		jetstream.MsgIDHeader: {e.ID}, "ce-specversion": {"1.0"}, "ce-id": {e.ID}, "ce-source": {"urn:menjin:test"},
		"ce-type": {e.Type}, "ce-time": {e.Time.Format(time.RFC3339Nano)}, "ce-sequence": {strconv.FormatInt(e.Sequence, 10)},
		"content-type": {"application/json"},
	}}
	if e.UserID != "" {
		message.Header["ce-subject"] = []string{e.UserID}
	}
	return message
}

// Publish stores events in the stream, in their order.
func (s *Server) Publish(t testing.TB, events ...Event) {
	t.Helper()
	js := s.JetStream(t)
	for _, event := range events {
		if _, err := js.PublishMsg(Soon(t), event.Message(t), jetstream.WithExpectStream(menjin.Stream)); err != nil {
			t.Fatal(err)
		}
	}
}
