package natsbus_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/menjin-id/menjin/adapters/cloudevent"
	"github.com/menjin-id/menjin/adapters/natsbus"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/internal/testserver/natstest"
	"github.com/menjin-id/menjin/ports"
	"github.com/menjin-id/menjin/ports/portstest"
)

// servers are the two kinds of NATS every contract holds on.
var servers = map[string]func(t *testing.T) *natsbus.Bus{
	"embedded": func(t *testing.T) *natsbus.Bus { return within(t, embedded(t), natsbus.Options{}) },
	"external": func(t *testing.T) *natsbus.Bus { return connect(t, natstest.URL(t), natsbus.Options{}) },
}

// spoils are messages that never succeed.
var spoils = map[string]func(*ports.Message){
	"larger than NATS takes": func(m *ports.Message) { m.Data = make([]byte, 2<<20) },
	"malformed subject":      func(m *ports.Message) { m.Subject = "menjin.user.no name" },
}

func TestEventStream(t *testing.T) {
	t.Parallel()
	for where, open := range servers {
		for what, spoil := range spoils {
			t.Run(where+"/"+what, func(t *testing.T) {
				t.Parallel()
				portstest.EventStream(t, func(t *testing.T) portstest.EventStreamParts {
					bus := open(t)
					ensure(t, bus)
					return portstest.EventStreamParts{
						Stream: bus, Spoil: spoil,
						Stored: func(t *testing.T) []domain.EventID { return stored(t, bus) },
					}
				})
			})
		}
	}
}

// stored reads the stream through the port, from its end.
func stored(t *testing.T, bus *natsbus.Bus) []domain.EventID {
	t.Helper()
	var tail ports.StreamPosition
	answered(t, func() (err error) { tail, err = bus.Tail(limited(t)); return err })
	ids := make([]domain.EventID, tail.Sequence)
	for i := range ids {
		answered(t, func() (err error) { ids[i], err = bus.EventAt(limited(t), uint64(i+1)); return err })
	}
	return ids
}

// answered asks again while NATS is not available: a cluster that elects a leader is not, for a moment.
func answered(t *testing.T, ask func() error) {
	t.Helper()
	eventually(t, "an answer of NATS", func() bool {
		err := ask()
		if err != nil && !errors.Is(err, domain.ErrUnavailable) {
			t.Fatal(err)
		}
		return err == nil
	})
}

func TestEventStreamRejectsWhatBelongsToAnotherStream(t *testing.T) {
	t.Parallel()
	url := natstest.URL(t)
	_, js := client(t, url)
	if _, err := js.CreateStream(limited(t), jetstream.StreamConfig{Name: "OTHER", Subjects: []string{"other.>"}}); err != nil {
		t.Fatal(err)
	}
	bus := connect(t, url, natsbus.Options{})
	messages := registrations(t, 1)
	messages[0].Subject = "other.registered"
	_, err := bus.Publish(limited(t), ports.StreamPosition{}, messages)
	wantRejected(t, err, messages[0].Message.ID)
}

func TestSessionFeed(t *testing.T) {
	t.Parallel()
	for where, open := range servers {
		t.Run(where, func(t *testing.T) {
			t.Parallel()
			portstest.SessionFeed(t, func(t *testing.T) portstest.SessionFeedParts {
				bus := open(t)
				ensure(t, bus)
				return portstest.SessionFeedParts{
					Feed:    bus,
					Publish: func(t *testing.T, notice ports.SessionNotice) { publish(t, bus, noticeMessage(t, notice)) },
				}
			})
		})
	}
}

func TestRelayHints(t *testing.T) {
	t.Parallel()
	portstest.RelayHints(t, func(t *testing.T) (one, other ports.RelayHints) {
		server := embedded(t)
		return within(t, server, natsbus.Options{}), within(t, server, natsbus.Options{})
	})
}

// noticeMessage encodes with the real codec, because the feed reads what that writes.
func noticeMessage(tb testing.TB, notice ports.SessionNotice) ports.OutboxEvent {
	tb.Helper()
	event := domain.Event{
		ID: notice.EventID, Type: domain.EventSessionEnded, UserID: notice.UserID, Version: notice.Version, At: time.Now().UTC(),
		Facts: domain.SessionEnded{SessionID: notice.SessionID, Except: notice.Except, Reason: domain.EndedByLogout},
	}
	if notice.Deleted {
		var merged []string
		for _, id := range notice.Also {
			merged = append(merged, id.String())
		}
		event.Type, event.Facts = domain.EventDeleted, domain.Deleted{Merged: strings.Join(merged, ",")}
	}
	if notice.RolesChanged {
		event.Type, event.Facts = domain.EventRolesChanged, domain.RolesChanged{Roles: "admin,user"}
	}
	return outboxEvent(tb, event)
}

func outboxEvent(tb testing.TB, event domain.Event) ports.OutboxEvent {
	tb.Helper()
	message, err := cloudevent.New().Encode(event)
	if err != nil {
		tb.Fatal(err)
	}
	return ports.OutboxEvent{Message: message}
}

func publish(tb testing.TB, bus *natsbus.Bus, messages ...ports.OutboxEvent) ports.StreamPosition {
	tb.Helper()
	position, err := bus.Publish(limited(tb), ports.StreamPosition{}, messages)
	if err != nil {
		tb.Fatal(fmt.Errorf("publish: %w", err))
	}
	return position
}
