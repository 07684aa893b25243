package cloudevent_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/menjin-id/menjin/adapters/cloudevent"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

func pushed(change func(*domain.WeChatPushed)) domain.Event {
	facts := domain.WeChatPushed{AppID: "wx01", Name: "debug_demo", Content: "{\n\"Str\": \"门 <&>\", \"n\": 1.50}"}
	change(&facts)
	return domain.PushedByWeChat(facts, domain.Stamp{ID: eventID, At: at})
}

func TestWhatWeChatPushedIsWrittenDown(t *testing.T) {
	t.Parallel()
	for name, sample := range map[string]struct {
		change  func(*domain.WeChatPushed)
		user    string
		headers map[string]string
	}{
		"nobody's": {func(*domain.WeChatPushed) {}, `null`, nil},
		"a user's": {
			func(p *domain.WeChatPushed) { p.UserID = user }, `"ab000000-0000-0000-0000-000000000001"`,
			map[string]string{"menjin-user-id": "ab000000-0000-0000-0000-000000000001"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := cloudevent.New().Encode(pushed(sample.change))
			if err != nil {
				t.Fatal(err)
			}
			var data map[string]any
			if err := json.Unmarshal(got.Data, &data); err != nil {
				t.Fatal(err)
			}
			var want map[string]any
			text := `{"app_id":"wx01","event":"debug_demo","user_id":` + sample.user +
				`,"received_at":"2026-11-22T00:30:01.123456Z","message":{"Str":"门 <&>","n":1.5}}`
			if err := json.Unmarshal([]byte(text), &want); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, data); diff != "" {
				t.Errorf("data (-want +got):\n%s", diff)
			}
			got.Data = nil
			message := ports.Message{
				ID: eventID, Type: "menjin.wechat.debug_demo.v1", SchemaVersion: 1, Subject: "menjin.wechat.debug_demo",
				UserID: domain.UserID(eventID), UserVersion: 1, At: at.UTC(), Headers: sample.headers,
			}
			if diff := cmp.Diff(message, got); diff != "" {
				t.Errorf("message (-want +got):\n%s", diff)
			}
			schema := compile(t, "menjin.wechat.v1")
			if err := schema.Validate(any(data)); err != nil {
				t.Errorf("%v breaks its schema: %v", data, err)
			}
			for member, value := range data {
				if schema.Properties[member] == nil {
					t.Errorf("member %q is not in the schema", member)
				}
				delete(data, member)
				if schema.Validate(any(data)) == nil {
					t.Errorf("the schema does not ask for member %q", member)
				}
				data[member] = value
			}
		})
	}
}

func TestWhatWeChatPushedAndCouldNotBeSentIsRefused(t *testing.T) {
	t.Parallel()
	broken := map[string]func(*domain.WeChatPushed){
		"no app":             func(p *domain.WeChatPushed) { p.AppID = "" },
		"no message":         func(p *domain.WeChatPushed) { p.Content = "" },
		"null":               func(p *domain.WeChatPushed) { p.Content = "null" },
		"a list":             func(p *domain.WeChatPushed) { p.Content = "[]" },
		"XML":                func(p *domain.WeChatPushed) { p.Content = "<xml></xml>" },
		"two objects":        func(p *domain.WeChatPushed) { p.Content = "{}{}" },
		"nested too deep":    func(p *domain.WeChatPushed) { p.Content = `{"a":` + strings.Repeat("[", 20_000) },
		"broken UTF-8":       func(p *domain.WeChatPushed) { p.Content = "{\"a\":\"\xff\"}" },
		"message too large":  func(p *domain.WeChatPushed) { p.Content = `{"a":"` + strings.Repeat("x", cloudevent.MaxData) + `"}` },
		"a name too long":    func(p *domain.WeChatPushed) { p.Name = strings.Repeat("a", 65) },
		"no name":            func(p *domain.WeChatPushed) { p.Name = "" },
		"a name with levels": func(p *domain.WeChatPushed) { p.Name = "a.b" },
		"a wildcard":         func(p *domain.WeChatPushed) { p.Name = ">" },
		"a line break":       func(p *domain.WeChatPushed) { p.Name = "a\r\nPUB x 0" },
		"capitals":           func(p *domain.WeChatPushed) { p.Name = "Debug" },
	}
	for name, spoil := range broken {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got, err := cloudevent.New().Encode(pushed(spoil)); err == nil {
				t.Errorf("got message %q, want an error", got.Subject)
			}
		})
	}
	sound := pushed(func(*domain.WeChatPushed) {})
	ofUser, second, named := sound, sound, sound
	ofUser.UserID, second.Version, named.Type = user, 2, domain.EventDeleted
	for name, event := range map[string]domain.Event{"with a user": ofUser, "with version 2": second, "of another type": named} {
		if got, err := cloudevent.New().Encode(event); err == nil {
			t.Errorf("an event %s: got message %q, want an error", name, got.Subject)
		}
	}
}

func FuzzPushed(f *testing.F) {
	for _, content := range []string{`{}`, `{"a":{"b":[1,"<&>"]}}`, `null`, "{\"\xff\":1}", `{"a":1}{}`, "{\"\\ud800\":\"\\u0000\"}"} {
		f.Add("debug_demo", content)
	}
	f.Fuzz(func(t *testing.T, name, content string) {
		event := pushed(func(p *domain.WeChatPushed) { p.Name, p.Content = name, content })
		message, err := cloudevent.New().Encode(event)
		if err != nil {
			return
		}
		if !json.Valid(message.Data) || !utf8.Valid(message.Data) || len(message.Data) > cloudevent.MaxData {
			t.Errorf("data: got %d bytes %q, want JSON of at most %d", len(message.Data), message.Data, cloudevent.MaxData)
		}
		if message.Subject != "menjin.wechat."+name || strings.ContainsAny(name, ".*> \r\n") {
			t.Errorf("subject: got %q of the name %q", message.Subject, name)
		}
	})
}
