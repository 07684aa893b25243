package bootstrap_test

import (
	"context"
	"encoding/json"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/menjin-id/menjin/internal/testserver"
	"github.com/menjin-id/menjin/internal/testserver/natstest"
)

// findable are settings with an address of the embedded stream that other commands can know.
func findable(t *testing.T, s settings) settings {
	t.Helper()
	port, err := testserver.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	return s.with(settings{"events.embedded_addr": "127.0.0.1:" + strconv.Itoa(port)})
}

// operate lets an operator work on the stream with all rights: on a server at once, on the embedded one while the program is
// stopped. It returns the program that runs then.
func operate(t *testing.T, p *program, do func(ctx context.Context, stream jetstream.Stream, js jetstream.JetStream) error) *program {
	t.Helper()
	url, options := p.events, []nats.Option{}
	var within *server.Server
	embedded := p.settings["events.url"] == ""
	if embedded {
		p.terminate()
		p.status()
		within = reopened(t, filepath.Join(p.settings["data_dir"], "nats"))
		url, options = "nats://operator:operator@127.0.0.1", []nats.Option{nats.InProcessServer(within)}
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	js := natstest.JetStream(t, url, options...)
	stream, err := js.Stream(ctx, "MENJIN_EVENTS")
	if err == nil {
		err = do(ctx, stream, js)
	}
	js.Conn().Close()
	if err != nil {
		t.Fatalf("work on the stream: %v", err)
	}
	if !embedded {
		return p
	}
	within.Shutdown()
	within.WaitForShutdown()
	return start(t, p.settings)
}

// reopened serves the store of a program that is stopped.
func reopened(t *testing.T, folder string) *server.Server {
	t.Helper()
	options := &server.Options{JetStream: true, StoreDir: folder, DontListen: true, NoSigs: true, NoLog: true}
	accounts := `accounts { MENJIN { jetstream: enabled, users: [{user: operator, password: operator}] } }`
	if err := options.ProcessConfigString(accounts); err != nil {
		t.Fatal(err)
	}
	s, err := server.NewServer(options)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(s.Shutdown)
	if !s.ReadyForConnections(patience) {
		t.Fatal("the store cannot be served")
	}
	return s
}

// limitMessages changes the size of a message that the stream takes; -1 is any.
func limitMessages(t *testing.T, p *program, size int32) *program {
	t.Helper()
	return operate(t, p, func(ctx context.Context, stream jetstream.Stream, js jetstream.JetStream) error {
		config := stream.CachedInfo().Config
		config.MaxMsgSize = size
		_, err := js.UpdateStream(ctx, config)
		return err
	})
}

// asked decodes what a command answers with --json.
func asked[V any](t *testing.T, p *program, args ...string) (answer V) {
	t.Helper()
	out := says(t, p.settings, append(append([]string{"outbox"}, args...), "--json"))
	if err := json.Unmarshal([]byte(out), &answer); err != nil {
		t.Fatalf("%v: %v\n%s", args, err, out)
	}
	return answer
}

type outboxStatus struct {
	Waiting, Dead, Held int
	Shards              []struct{ Paused bool }
}

type deadLetter struct {
	EventID    string  `json:"event_id"`
	UserID     *string `json:"user_id"`
	Type       string
	Time       time.Time
	Data       map[string]any
	Reason     string
	Behind     int
	Resolution *string
}

// wantAudited wants the audit log to have so many entries of each action.
func (p *program) wantAudited(actions map[string]int) {
	p.tb.Helper()
	rows := p.rows(p.database(), "audit_log")
	for action, want := range actions {
		got := 0
		for _, row := range rows {
			if strings.Contains(row, "|"+action+"|") {
				got++
			}
		}
		if got != want {
			p.tb.Errorf("audit log: got %d of %s, want %d\n%s", got, action, want, strings.Join(rows, "\n"))
		}
	}
}

// arrives waits until so many events of a user are on the stream, and returns them.
func (p *program) arrives(user string, count int) []event {
	p.tb.Helper()
	return of(readEvents(p.tb, p.events, func(events []event) bool { return len(of(events, user)) >= count }), user)
}

// messages are all that the stream holds.
func (p *program) messages(t *testing.T) (held []*jetstream.RawStreamMsg) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	js := natstest.JetStream(t, p.events, nats.Timeout(10*time.Second))
	defer js.Conn().Close()
	stream, err := js.Stream(ctx, "MENJIN_EVENTS")
	if err != nil {
		t.Fatal(err)
	}
	for sequence := range stream.CachedInfo().State.LastSeq {
		if message, err := stream.GetMsg(ctx, sequence+1); err == nil {
			held = append(held, message)
		}
	}
	return held
}
