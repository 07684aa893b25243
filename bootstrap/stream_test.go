package bootstrap_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/menjin-id/menjin/internal/eventtest"
	"github.com/menjin-id/menjin/internal/testserver/natstest"
)

const (
	registeredV1   = "menjin.user.registered.v1"
	sessionEndedV1 = "menjin.user.session_ended.v1"
)

// event is one that lies in the stream.
type event struct {
	ID, Type, User string
	Version        int
	Data           []byte
	Header         nats.Header
}

// readEvents reads the stream from its beginning until enough says so, and holds every event against its schema and
// against CloudEvents.
func readEvents(tb testing.TB, url string, enough func([]event) bool) []event {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), patience)
	defer cancel()
	js := natstest.JetStream(tb, url)
	defer js.Conn().Close()
	consumer, err := subscribe(ctx, js, "menjin.user.>", func(error) bool { return false })
	if err != nil {
		tb.Fatalf("subscribe to the stream: %v", err)
	}
	var events []event
	for !enough(events) {
		message, err := consumer.Next(jetstream.FetchContext(ctx))
		if errors.Is(err, jetstream.ErrNoHeartbeat) { // a machine that stood still
			continue
		}
		if err != nil {
			tb.Fatalf("wait for events after %d: %v", len(events), err)
		}
		events = append(events, readEvent(tb, message))
	}
	read := slices.Clone(events)
	tb.Cleanup(func() {
		for _, e := range read {
			sieveOf(tb).report(tb, "event "+e.Type, fmt.Appendf(nil, "%v %s", e.Header, e.Data))
		}
	})
	return events
}

// subscribe tries again until ctx ends or an error is final: a stream that was away may still have to be made, or to be led.
func subscribe(ctx context.Context, js jetstream.JetStream, subjects string, final func(error) bool) (jetstream.Consumer, error) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		try, giveUp := context.WithTimeout(ctx, 5*time.Second)
		consumer, err := js.CreateConsumer(try, "MENJIN_EVENTS", jetstream.ConsumerConfig{
			FilterSubject: subjects, AckPolicy: jetstream.AckNonePolicy, InactiveThreshold: 2 * patience,
		})
		giveUp()
		if err == nil || final(err) || ctx.Err() != nil {
			return consumer, err
		}
		<-tick.C
	}
}

func readEvent(tb testing.TB, message jetstream.Msg) event {
	tb.Helper()
	header := message.Headers()
	version, err := strconv.Atoi(header.Get("ce-sequence"))
	if err != nil || version < 1 {
		tb.Errorf("ce-sequence: got %q, want a number from 1", header.Get("ce-sequence"))
	}
	e := event{
		ID: header.Get("ce-id"), Type: header.Get("ce-type"), User: header.Get("ce-subject"),
		Version: version, Data: message.Data(), Header: header,
	}
	if err := eventtest.Check(message.Subject(), header, e.Data); err != nil {
		tb.Error(err)
	}
	return e
}

// drained registers somebody new and reads the stream up to their event: with one shard everything committed before
// then lies in front of it.
func (p *program) drained(w *weChat) []event {
	p.tb.Helper()
	last := p.login(w.code("last-" + strconv.FormatInt(time.Now().UnixNano(), 36))).User.ID
	return readEvents(p.tb, p.events, func(events []event) bool {
		return slices.ContainsFunc(events, func(e event) bool { return e.User == last })
	})
}

// of picks the events of one user.
func of(events []event, user string) []event {
	return slices.DeleteFunc(slices.Clone(events), func(e event) bool { return e.User != user })
}
