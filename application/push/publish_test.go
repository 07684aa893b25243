package push_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"

	"github.com/menjin-id/menjin/application/push"
	"github.com/menjin-id/menjin/application/update"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// decode reads JSON as a message's content is.
func decode(t *testing.T, text string) map[string]any {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var content map[string]any
	if err := decoder.Decode(&content); err != nil {
		t.Fatal(err)
	}
	return content
}

func TestOtherEventsArePublished(t *testing.T) {
	t.Parallel()
	b := setup()
	id := b.person(t, openID)
	m := message("wxa_media_check")
	m.Content = decode(t, `{"ToUserName":"gh_870882ca4b1","FromUserName":"`+sender+`","CreateTime":1627359464,"MsgType":"event",
		"Event":"wxa_media_check","appid":"wx0123456789abcdef","trace_id":"60ae1a4c-7e8f","version":2,
		"result":{"suggest":"risky","label":20002},"detail":[{"errcode":0,"ok":true,"none":null}]}`)
	for range 2 {
		b.do(t, m)
	}
	got := b.pushed(t)
	want := domain.WeChatPushed{
		AppID: app, Name: "wxa_media_check", UserID: id,
		Content: `{"CreateTime":1627359464,"Event":"wxa_media_check","MsgType":"event","appid":"wx0123456789abcdef",` +
			`"detail":[{"errcode":0,"none":null,"ok":true}],"result":{"label":20002,"suggest":"risky"},"trace_id":"60ae1a4c-7e8f","version":2}`,
	}
	if got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if event := b.store.Events()[0]; !event.UserID.IsZero() || event.Version != 1 || !event.At.Equal(start) {
		t.Errorf("event: got %+v, want no user and version 1", event)
	}
}

func TestEventNamesAreWordsOfASubject(t *testing.T) {
	t.Parallel()
	for event, want := range map[string]string{
		"TEMPLATESENDJOBFINISH": "templatesendjobfinish", " debug_demo\n": "debug_demo", "a.b": "other", "*": "other", ">": "other",
		"": "other", "事件": "other", "a b": "other", strings.Repeat("x", 64): strings.Repeat("x", 64), strings.Repeat("x", 65): "other",
	} {
		b := setup()
		b.do(t, message(event))
		if got := b.pushed(t).Name; got != want {
			t.Errorf("%q: got %q, want %q", event, got, want)
		}
	}
}

func TestEventIsOfWhoeverItNamesOrComesFrom(t *testing.T) {
	t.Parallel()
	for _, known := range []string{openID, sender, "o-other"} {
		b := setup()
		want := b.person(t, known)
		if known == "o-other" {
			want = domain.UserID{}
		}
		b.do(t, message("debug_demo"))
		if got := b.pushed(t).UserID; got != want {
			t.Errorf("%s is known: got an event of %v, want %v", known, got, want)
		}
	}
}

func TestPublishedMessageIdentifiesNobody(t *testing.T) {
	t.Parallel()
	b := setup()
	m := message("debug_demo")
	m.Content = decode(t, `{
		"ToUserName":"gh_secret","FromUserName":"`+sender+`"," OpenID":"`+openID+`","unionid":"oUnionSecret","OpenPID":"oPluginSecret",
		"kept":"yes","copy":"`+openID+`","sentence":"about `+sender+` here","`+openID+`":"as a name",
		"list":["`+openID+`","fine",{"open_id":"oOtherSecret","x":"oOtherSecret"},["oUnionSecret","deep"]],
		"Payload":"{\"OpenId\":\"oNestedSecret\"}","purePhoneNumber":"secret-1","user_mobile":"secret-2","Tel":"secret-3","nickName":"secret-4",
		"a":"13812345678","b":13812345678,"c":"+86 138 1234 5678","d":"call 8613812345678!","e":"someone@example.com","f":"+4420794601234",
		"order":"4200001234202611221381234567890","time":1714112445,"millis":1714112445123,"amount":19.5
	}`)
	b.do(t, m)
	want := `{"amount":19.5,"kept":"yes","list":["fine",{},["deep"]],"millis":1714112445123,` +
		`"order":"4200001234202611221381234567890","time":1714112445}`
	if got := b.pushed(t).Content; got != want {
		t.Errorf("content:\n got %s\nwant %s", got, want)
	}
}

func TestOverlongMessageIsPublishedWithoutItsContent(t *testing.T) {
	t.Parallel()
	b := setup()
	m := message("debug_demo")
	m.Content["debug_str"] = strings.Repeat("x", 33<<10)
	b.do(t, m)
	if got := b.pushed(t).Content; got != `{"truncated":true}` {
		t.Errorf("content: got %d bytes, want none of the message", len(got))
	}
}

func TestEventsAreToldApart(t *testing.T) {
	t.Parallel()
	b := setup()
	one, two, numbered := message("debug_demo"), message("debug_demo"), message("debug_demo")
	two.Content = map[string]any{"debug_str": "another, in the same second"}
	numbered.ID = "23456789012345678"
	again := numbered
	again.CreateTime = "1627359999"
	b.do(t, one)
	b.do(t, two)
	b.do(t, numbered)
	b.do(t, again) // the same number: the same message
	if got := len(b.store.Events()); got != 3 {
		t.Errorf("got %d events, want 3", got)
	}
}

// vanishing erases whoever was found, before the caller can do anything.
type vanishing struct {
	ports.UserReader
	eraser *eraser
}

func (v vanishing) ByWeChat(ctx context.Context, at domain.AppID, openID domain.OpenID) (*domain.User, error) {
	user, err := v.UserReader.ByWeChat(ctx, at, openID)
	if err == nil {
		err = v.eraser.Erase(ctx, user.ID(), &update.Note{})
	}
	return user, err
}

func TestNothingIsToldOfAUserWhoIsDeletedMeanwhile(t *testing.T) {
	t.Parallel()
	b := setup()
	b.person(t, openID)
	take := push.NewTake(b.store, update.New(b.store, b.now, b.newID), vanishing{b.store, b.eraser}, b.eraser, slog.New(slog.DiscardHandler))
	if err := take.Do(t.Context(), message("debug_demo")); err != nil {
		t.Fatal(err)
	}
	events := b.store.Events()
	facts, ok := events[len(events)-1].Facts.(domain.WeChatPushed)
	if !ok || !facts.UserID.IsZero() {
		t.Errorf("last event: got %+v, want what WeChat pushed, about nobody", events[len(events)-1])
	}
}
