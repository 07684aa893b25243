package bootstrap_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/menjin-id/menjin/adapters/wechatsandbox"
	"github.com/menjin-id/menjin/internal/eventtest"
)

// What WeChat and the mini-programs of the tests know of each other for the message push.
const (
	pushToken      = "token4thePushOfTheTests"
	otherPushToken = "token4theOtherMiniProgram"
	pushAESKey     = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
)

// pushedV1 is the schema of whatever WeChat pushes.
const pushedV1 = "menjin.wechat.v1"

// onPush are settings of two mini-programs: what is pushed to the first is encrypted, to the second plain.
func onPush(t *testing.T, s settings) (*weChat, settings) {
	t.Helper()
	w, s := twoApps(t, s)
	return w, s.with(settings{
		"wechat.push_token": pushToken, "wechat.push_aes_key": pushAESKey,
		"wechat.apps": `[{"app_id": "` + otherAppID + `", "app_secret": "` + otherAppSecret + `", "push_token": "` + otherPushToken + `"}]`,
	})
}

// appOf is the mini-program that a message is pushed to.
func appOf(push wechatsandbox.Push) string {
	if push.Mode == wechatsandbox.PushPlain {
		return otherAppID
	}
	return testAppID
}

// pushing fills in what is left open: to the first mini-program encrypted, in plain mode to the other.
func (p *program) pushing(push wechatsandbox.Push) wechatsandbox.Push {
	app, token, key := appOf(push), wechatsandbox.Secret(pushToken), wechatsandbox.Secret(pushAESKey)
	if app == otherAppID {
		token, key = otherPushToken, ""
	}
	if push.AppID == "" {
		push.AppID = app
	}
	if push.URL == "" {
		push.URL = p.api + "/wechat/push/" + app
	}
	if push.Token == "" {
		push.Token = token
	}
	push.AESKey = key
	return push
}

// push lets WeChat push and waits for the answers. It is for concurrent use.
func (p *program) push(w *weChat, push wechatsandbox.Push) wechatsandbox.PushReport {
	p.tb.Helper()
	report, err := w.Push(p.tb.Context(), p.pushing(push))
	if err != nil {
		p.tb.Errorf("push: %v", err)
	}
	return report
}

// pushed is push that must be taken, each message and copy at the first try.
func (p *program) pushed(w *weChat, push wechatsandbox.Push) {
	p.tb.Helper()
	report := p.push(w, push)
	if want := max(push.Count, 1) * max(push.Copies, 1); report.Accepted != want || len(report.Attempts) != want {
		p.tb.Errorf("push of %s: got %+v, want %d accepted at once", push.Event, report, want)
	}
}

// notTaken wants WeChat to be told nothing but a status.
func (p *program) notTaken(w *weChat, what string, push wechatsandbox.Push, status int) {
	p.tb.Helper()
	for _, attempt := range p.push(w, push).Attempts {
		if attempt.Status != status || attempt.Accepted {
			p.tb.Errorf("%s: got %+v, want %d", what, attempt, status)
		}
	}
}

// ways are all in which WeChat writes a message.
func ways() (all []wechatsandbox.Push) {
	for _, mode := range []wechatsandbox.PushMode{wechatsandbox.PushPlain, wechatsandbox.PushCompatible, wechatsandbox.PushSecure} {
		for _, format := range []wechatsandbox.PushFormat{wechatsandbox.PushJSON, wechatsandbox.PushXML} {
			all = append(all, wechatsandbox.Push{Mode: mode, Format: format})
		}
	}
	return all
}

// passedOn waits until so many messages of WeChat's lie in the stream under a name, and returns them.
func (p *program) passedOn(event string, want int) (messages []*jetstream.RawStreamMsg) {
	p.tb.Helper()
	eventually(p.tb, "what WeChat pushed lies in the stream", func() bool {
		messages = slices.DeleteFunc(lying(p.tb, p.events), func(m *jetstream.RawStreamMsg) bool { return m.Subject != "menjin.wechat."+event })
		return len(messages) >= want
	})
	return messages
}

func TestWeChatVerifiesTheAddress(t *testing.T) {
	t.Parallel()
	w, s := onPush(t, local(t))
	p := start(t, s)
	for _, mode := range []wechatsandbox.PushMode{wechatsandbox.PushPlain, wechatsandbox.PushSecure} {
		p.pushed(w, wechatsandbox.Push{Mode: mode, Verify: true})
		p.notTaken(w, "wrong signature", wechatsandbox.Push{Mode: mode, Verify: true, WrongSignature: true}, http.StatusForbidden)
		p.notTaken(w, "old", wechatsandbox.Push{Mode: mode, Verify: true, Age: 11 * time.Minute}, http.StatusForbidden)
		p.notTaken(w, "other's token", wechatsandbox.Push{Mode: mode, Verify: true, Token: "nobodysToken"}, http.StatusForbidden)
	}
	p.notTaken(w, "unknown app", wechatsandbox.Push{Verify: true, URL: p.api + "/wechat/push/wx00000000000000cc"}, http.StatusNotFound)
}

func TestEventsThatMenjinDoesNotKnowArePassedOnOnceWithoutOpenID(t *testing.T) {
	t.Parallel()
	onEverySet(t, func(t *testing.T, s settings) {
		w, s := onPush(t, s)
		p := start(t, s)
		alice := p.signIn("/api/login", w.at(testAppID, "alice"))
		for i, way := range ways() {
			way.Event, way.Person, way.Count, way.Copies = "news_"+string('a'+rune(i)), "alice", 2, 3
			way.Replay, way.OutOfOrder, way.LowerCaseKeys = i%2 == 0, i%2 == 0, i%2 == 1
			way.Fields = map[string]string{"result": "granted", "unionid": w.UnionID("alice"), "mobile": "13812341234"}
			p.pushed(w, way)
			p.tellsOfNews(w, way, alice)
		}
		p.pushed(w, wechatsandbox.Push{Event: "last"})
		p.passedOn("last", 1)
		for i, way := range ways() { // whatever came twice would have come before the last
			if got := p.passedOn("news_"+string('a'+rune(i)), 2); len(got) != 2 {
				t.Errorf("messages in the stream of two pushed three times (%s, %s): got %d, want 2", way.Mode, way.Format, len(got))
			}
		}
	})
}

// tellsOfNews looks at what was passed on.
func (p *program) tellsOfNews(w *weChat, push wechatsandbox.Push, about signIn) {
	p.tb.Helper()
	app := appOf(push)
	for _, message := range p.passedOn(push.Event, 2) {
		var body struct {
			AppID   string  `json:"app_id"`
			Event   string  `json:"event"`
			UserID  *string `json:"user_id"`
			Message struct {
				Result string `json:"result"`
			} `json:"message"`
		}
		content := string(message.Data)
		if err := json.Unmarshal(message.Data, &body); err != nil {
			p.tb.Fatalf("%v: %s", err, content)
		}
		if body.AppID != app || body.Event != push.Event || body.Message.Result != "granted" {
			p.tb.Errorf("passed on: got %s, want app %s, event %s, result granted", content, app, push.Event)
		}
		if known := body.UserID != nil && *body.UserID == about.User.ID; known != (app == testAppID) {
			p.tb.Errorf("passed on: got %s, want user %s in the first mini-program alone", content, about.User.ID)
		}
		hidden := secrets{
			"openid": w.OpenID(testAppID, "alice"), "other openid": w.OpenID(otherAppID, "alice"), "unionid": w.UnionID("alice"), "number": "13812341234",
		}
		if found := hidden.in([]byte(content + message.Header.Get("ce-subject"))); len(found) > 0 {
			p.tb.Errorf("passed on with %v: %s", found, content)
		}
		if schema := message.Header.Get("ce-dataschema"); !strings.Contains(schema, pushedV1) {
			p.tb.Errorf("ce-dataschema: got %q, want that of %s", schema, pushedV1)
		}
		if err := eventtest.Check(message.Subject, message.Header, message.Data); err != nil {
			p.tb.Error(err)
		}
	}
}
