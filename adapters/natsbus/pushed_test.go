package natsbus_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go"

	"github.com/menjin-id/menjin/adapters/natsbus"
	"github.com/menjin-id/menjin/domain"
)

func TestWhatWeChatPushedReachesSubscribersWithoutASubject(t *testing.T) {
	t.Parallel()
	server := embedded(t)
	bus := within(t, server, natsbus.Options{Source: "https://id.example.com", SchemaBase: "https://id.example.com/schemas/"})
	ensure(t, bus)
	conn, js := client(t, server.URL())
	live, err := conn.SubscribeSync("menjin.wechat.>")
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.FlushWithContext(limited(t)); err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 22, 8, 0, 0, 1000, time.UTC)
	plain := outboxEvent(t, domain.PushedByWeChat(
		domain.WeChatPushed{AppID: "wx0123456789abcdef", Name: "debug_demo", Content: `{"MsgType":"event"}`},
		domain.Stamp{ID: domain.EventID{ID: newID()}, At: at}))
	traced := outboxEvent(t, domain.PushedByWeChat(
		domain.WeChatPushed{AppID: "wx0123456789abcdef", Name: "trade_manage_remind_access_api", Content: `{}`},
		domain.Stamp{ID: domain.EventID{ID: newID()}, At: at}))
	traced.Headers = map[string]string{"ce-subject": "forged"}
	ofUser := registrations(t, 1)[0]
	publish(t, bus, plain, traced, ofUser)
	for i, event := range []string{"debug_demo", "trade_manage_remind_access_api"} {
		sent := []string{plain.Message.ID.String(), traced.Message.ID.String()}[i]
		want := nats.Header{
			"Nats-Msg-Id": {sent}, "Nats-Expected-Stream": {"MENJIN_EVENTS"},
			"ce-specversion": {"1.0"}, "ce-id": {sent}, "ce-source": {"https://id.example.com"},
			"ce-type": {"menjin.wechat." + event + ".v1"}, "ce-time": {"2026-11-22T08:00:00.000001Z"},
			"ce-dataschema": {"https://id.example.com/schemas/menjin.wechat.v1.json"},
			"ce-sequence":   {"1"}, "content-type": {"application/json"},
		}
		got := message(t, js, uint64(i+1))
		if diff := cmp.Diff(want, got.Header); diff != "" || got.Subject != "menjin.wechat."+event {
			t.Errorf("headers of %s (-want +got):\n%s", got.Subject, diff)
		}
		if heard, err := live.NextMsgWithContext(limited(t)); err != nil || heard.Subject != got.Subject {
			t.Errorf("heard live: got %+v, error %v, want %s", heard, err, got.Subject)
		}
	}
	if got := message(t, js, 3).Header.Get("ce-subject"); got != ofUser.UserID.String() {
		t.Errorf("subject of the event after them: got %q, want %q", got, ofUser.UserID)
	}
}
