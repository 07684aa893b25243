package bootstrap_test

import (
	"strings"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/menjin-id/menjin/internal/testserver/natstest"
)

func TestEventThatBreaksItsSchemaFailsTheTestItWasEmittedIn(t *testing.T) {
	t.Parallel()
	js := natstest.JetStream(t, natstest.URL(t))
	conn := js.Conn()
	wantClean(t, "no stream", func(tb testing.TB) { checkEmitted(tb, conn) })
	config := jetstream.StreamConfig{Name: "MENJIN_EVENTS", Subjects: []string{"menjin.user.>"}}
	if _, err := js.CreateStream(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	const user, id, at = "0193a5b0-7c1e-7d2a-9b3c-4d5e6f708192", "0193a5b0-7c21-7000-8000-2c3d4e5f6071", "2026-11-22T08:00:00Z"
	message := &nats.Msg{
		Subject: "menjin.user.locked." + user, Data: []byte(`{"user_id":"` + user + `","locked_at":"` + at + `"}`),
		Header: nats.Header{
			"Nats-Msg-Id": {id}, "ce-specversion": {"1.0"}, "ce-id": {id}, "ce-source": {"urn:menjin"}, "ce-type": {"menjin.user.locked.v1"},
			"ce-subject": {user}, "ce-time": {at}, "ce-sequence": {"2"}, "content-type": {"application/json"},
			"ce-dataschema": {"urn:menjin:schema:menjin.user.locked.v1.json"},
		},
	}
	if _, err := js.PublishMsg(t.Context(), message); err != nil {
		t.Fatal(err)
	}
	wantClean(t, "an event as it should be", func(tb testing.TB) { checkEmitted(tb, conn) })
	message.Header.Set("Nats-Msg-Id", strings.ToUpper(id))
	message.Data = []byte(`{"user_id":"` + user + `"}`)
	if _, err := js.PublishMsg(t.Context(), message); err != nil {
		t.Fatal(err)
	}
	wantCaught(t, "an event without its time", func(tb testing.TB) { checkEmitted(tb, conn) })
}

func TestStreamOfAnEmbeddedNATSIsLookedThroughAfterItsProgram(t *testing.T) {
	t.Parallel()
	w := startWeChat(t)
	p := start(t, local(t).with(w.settings()))
	p.login(w.code("alice"))
	p.drained(w)
	p.kill()
	conn, leave := openStream(t, p.settings["data_dir"]+"/nats")
	defer leave()
	if conn == nil {
		t.Fatal("the stream that the program left behind cannot be opened")
	}
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	stream, err := js.Stream(t.Context(), "MENJIN_EVENTS")
	if err != nil {
		t.Fatal(err)
	}
	if got := stream.CachedInfo().State.Msgs; got < 2 {
		t.Errorf("the stream holds %d events, want those of two users", got)
	}
	wantClean(t, "the stream", func(tb testing.TB) { checkEmitted(tb, conn) })
}
