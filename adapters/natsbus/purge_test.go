package natsbus_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/menjin-id/menjin/adapters/natsbus"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/internal/testserver/natstest"
	"github.com/menjin-id/menjin/ports"
	"github.com/menjin-id/menjin/ports/portstest"
)

func TestStreamEraser(t *testing.T) {
	t.Parallel()
	for where, open := range map[string]func(t *testing.T) (*natsbus.Bus, string){
		"embedded": func(t *testing.T) (*natsbus.Bus, string) {
			server := embedded(t)
			return within(t, server, natsbus.Options{}), server.URL()
		},
		"external": func(t *testing.T) (*natsbus.Bus, string) {
			url := natstest.URL(t)
			return connect(t, url, natsbus.Options{}), url
		},
	} {
		t.Run(where, func(t *testing.T) {
			t.Parallel()
			portstest.StreamEraser(t, func(t *testing.T) portstest.StreamEraserParts {
				bus, url := open(t)
				ensure(t, bus)
				_, js := client(t, url)
				parts := portstest.EventStreamParts{
					Stream: bus, Stored: func(t *testing.T) []domain.EventID { return held(t, js) },
				}
				return portstest.StreamEraserParts{EventStreamParts: parts, Eraser: bus}
			})
		})
	}
}

// held reads what the stream holds as a subscriber does, gaps and all.
func held(t *testing.T, js jetstream.JetStream) (ids []domain.EventID) {
	t.Helper()
	stream, err := js.Stream(limited(t), natsbus.StreamName)
	if err != nil {
		t.Fatal(err)
	}
	for sequence := uint64(1); sequence <= stream.CachedInfo().State.LastSeq; sequence++ {
		message, err := stream.GetMsg(limited(t), sequence)
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		id, err := domain.ParseEventID(message.Header.Get(jetstream.MsgIDHeader))
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	return ids
}

// life is a user's events from registration to deletion, with many between.
func life(tb testing.TB, user domain.UserID, between int) []ports.OutboxEvent {
	tb.Helper()
	events := []ports.OutboxEvent{registration(tb, user, 1)}
	event := func(kind domain.EventType, facts domain.Facts) {
		events = append(events, outboxEvent(tb, domain.Event{
			ID: domain.EventID{ID: newID()}, Type: kind, UserID: user, Version: int64(len(events) + 1),
			At: time.Now().UTC().Truncate(time.Microsecond), Facts: facts,
		}))
	}
	for range between {
		event(domain.EventProfileUpdated, domain.ProfileUpdated{Fields: "nickname"})
	}
	event(domain.EventSessionEnded, domain.SessionEnded{Reason: domain.EndedByDeletion})
	event(domain.EventDeleted, domain.Deleted{})
	return events
}

func TestEventBelowAWideGapIsFound(t *testing.T) {
	t.Parallel()
	bus := within(t, embedded(t), natsbus.Options{})
	user, first := domain.UserID{ID: newID()}, registrations(t, 1)[0]
	publish(t, bus, first)
	end := publish(t, bus, life(t, user, 1500)...)
	if err := bus.Purge(limited(t), user); err != nil {
		t.Fatal(err)
	}
	for _, sequence := range []uint64{end.Sequence - 1, end.Sequence - 700, 2, 1} {
		if got, err := bus.EventAt(limited(t), sequence); err != nil || got != first.Message.ID {
			t.Errorf("event at %d: got %s, error %v, want %s", sequence, got, err, first.Message.ID)
		}
	}
}

func TestNothingLiesBelowAPurgedBeginning(t *testing.T) {
	t.Parallel()
	bus := within(t, embedded(t), natsbus.Options{})
	user := domain.UserID{ID: newID()}
	end := publish(t, bus, life(t, user, 5)...)
	if err := bus.Purge(limited(t), user); err != nil {
		t.Fatal(err)
	}
	if got, err := bus.EventAt(limited(t), end.Sequence-1); err != nil || !got.IsZero() {
		t.Errorf("event below the first: got %s, error %v, want none", got, err)
	}
}

func TestPurgedStreamSurvivesARestart(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	user, stays := domain.UserID{ID: newID()}, registrations(t, 2)
	gone := life(t, user, 3)
	start := func() (*natsbus.Embedded, *natsbus.Bus) {
		server, err := natsbus.StartEmbedded(folder, natsbus.EmbeddedOptions{Addr: "127.0.0.1:0", Log: quiet})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(server.Close)
		return server, within(t, server, natsbus.Options{})
	}
	server, bus := start()
	publish(t, bus, stays...)
	end := publish(t, bus, gone...)
	if err := bus.Purge(limited(t), user); err != nil {
		t.Fatal(err)
	}
	bus.Close()
	server.Close()

	server, bus = start()
	if tail, err := bus.Tail(limited(t)); err != nil || tail != end {
		t.Errorf("tail: got %+v, error %v, want %+v", tail, err, end)
	}
	_, js := client(t, server.URL())
	if got := held(t, js); len(got) != 3 || got[2] != gone[len(gone)-1].Message.ID {
		t.Errorf("messages: got %v, want two of others and the one of the deletion", got)
	}
	if _, err := bus.Publish(limited(t), end, registrations(t, 1)); err != nil {
		t.Errorf("publish: %v", err)
	}
}

func TestFeedGoesOnAcrossAPurge(t *testing.T) {
	t.Parallel()
	bus := within(t, embedded(t), natsbus.Options{})
	user := domain.UserID{ID: newID()}
	publish(t, bus, life(t, user, 3)...)
	before, after := newNotice(), newNotice()
	publish(t, bus, noticeMessage(t, before))
	if err := bus.Purge(limited(t), user); err != nil {
		t.Fatal(err)
	}
	publish(t, bus, noticeMessage(t, after))
	notices := follow(t, bus)
	select {
	case got := <-notices:
		if !got.Deleted || got.UserID != user {
			t.Errorf("first notice: got %+v, want the deletion", got)
		}
	case <-limited(t).Done():
		t.Fatal("no notice of the deletion")
	}
	wantNotice(t, notices, before)
	wantNotice(t, notices, after)
}

func TestPurgeOfWhatCannotBePurgedIsAnError(t *testing.T) {
	t.Parallel()
	url := natstest.URL(t)
	user := domain.UserID{ID: newID()}
	bus := connect(t, url, natsbus.Options{})
	if err := bus.Purge(limited(t), user); err != nil {
		t.Errorf("without a stream: got error %v, want none", err)
	}
	_, js := client(t, url)
	create(t, js, jetstream.StreamConfig{Subjects: []string{"menjin.user.>", "menjin.wechat.>"}, DenyPurge: true})
	publish(t, bus, life(t, user, 1)...)
	if err := bus.Purge(limited(t), user); err == nil || errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("of a stream that lets nobody: got error %v, want one that says so", err)
	}
	closed := within(t, embedded(t), natsbus.Options{})
	closed.Close()
	if err := closed.Purge(limited(t), user); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("through a closed bus: got error %v, want %v", err, domain.ErrUnavailable)
	}
	if err := bus.Purge(ended(t), user); err == nil {
		t.Error("with a context that has ended: got no error, want one")
	}
}

func ended(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}
