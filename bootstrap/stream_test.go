package bootstrap_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/menjin-id/menjin/adapters/cloudevent"
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
	conn, err := nats.Connect(url)
	if err != nil {
		tb.Fatalf("connect to %s: %v", url, err)
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		tb.Fatal(err)
	}
	var consumer jetstream.Consumer
	eventually(tb, "the stream can be subscribed to", func() bool { // one that was away may still have to be made
		consumer, err = js.CreateConsumer(ctx, "MENJIN_EVENTS", jetstream.ConsumerConfig{
			FilterSubject: "menjin.user.>", AckPolicy: jetstream.AckNonePolicy, InactiveThreshold: time.Minute,
		})
		return !errors.Is(err, jetstream.ErrStreamNotFound)
	})
	if err != nil {
		tb.Fatalf("subscribe: %v", err)
	}
	var events []event
	for !enough(events) {
		message, err := consumer.Next(jetstream.FetchContext(ctx))
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
	kind := strings.TrimSuffix(strings.TrimPrefix(e.Type, "menjin.user."), ".v1")
	if got, want := message.Subject(), "menjin.user."+kind+"."+e.User; got != want {
		tb.Errorf("subject: got %s, want %s", got, want)
	}
	for name, want := range map[string]string{
		"ce-specversion": "1.0", "content-type": "application/json", "Nats-Msg-Id": e.ID,
	} {
		if got := header.Get(name); got != want {
			tb.Errorf("%s of %s: got %q, want %q", name, e.Type, got, want)
		}
	}
	if _, err := time.Parse(time.RFC3339, header.Get("ce-time")); err != nil {
		tb.Errorf("ce-time: %v", err)
	}
	if header.Get("ce-source") == "" || !strings.Contains(header.Get("ce-dataschema"), e.Type) {
		tb.Errorf("ce-source or ce-dataschema is missing: %v", header)
	}
	checkSchema(tb, e)
	return e
}

var compileSchemas = sync.OnceValues(func() (map[string]*jsonschema.Schema, error) {
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	schemas := make(map[string]*jsonschema.Schema)
	files, err := fs.Glob(cloudevent.Schemas(), "*.json")
	for _, file := range files {
		text, err := fs.ReadFile(cloudevent.Schemas(), file)
		if err != nil {
			return nil, err
		}
		document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			return nil, err
		}
		if err := compiler.AddResource(file, document); err != nil {
			return nil, err
		}
		if schemas[strings.TrimSuffix(file, ".json")], err = compiler.Compile(file); err != nil {
			return nil, err
		}
	}
	return schemas, err
})

func checkSchema(tb testing.TB, e event) {
	tb.Helper()
	schemas, err := compileSchemas()
	if err != nil {
		tb.Fatal(err)
	}
	body, err := jsonschema.UnmarshalJSON(bytes.NewReader(e.Data))
	if err != nil || schemas[e.Type] == nil {
		tb.Errorf("event %s has no schema or no JSON: %v", e.Type, err)
		return
	}
	if err := schemas[e.Type].Validate(body); err != nil {
		tb.Errorf("event %s breaks its schema: %v\n%s", e.Type, err, e.Data)
	}
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
