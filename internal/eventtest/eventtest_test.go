package eventtest_test

import (
	"maps"
	"testing"

	"github.com/menjin-id/menjin/internal/eventtest"
)

const (
	id     = "0193a5b0-7c21-7000-8000-2c3d4e5f6071"
	user   = "0193a5b0-7c1e-7d2a-9b3c-4d5e6f708192"
	at     = "2026-11-22T08:00:00.123456Z"
	locked = `{"user_id":"` + user + `","locked_at":"` + at + `"}`
	pushed = `{"app_id":"wx01","event":"news","user_id":null,"received_at":"` + at + `","message":{}}`
)

func headers(change map[string]string) map[string][]string {
	all := map[string]string{
		"Nats-Msg-Id": id, "Nats-Expected-Stream": "MENJIN_EVENTS", "ce-specversion": "1.0", "ce-id": id, "ce-source": "urn:menjin",
		"ce-type": "menjin.user.locked.v1", "ce-subject": user, "ce-time": at, "ce-sequence": "3", "content-type": "application/json",
		"ce-dataschema": "urn:menjin:schema:menjin.user.locked.v1.json",
	}
	maps.Copy(all, change)
	lists := map[string][]string{}
	for name, value := range all {
		if value != "" {
			lists[name] = []string{value}
		}
	}
	return lists
}

func TestMessageIsHeldAgainstItsContract(t *testing.T) {
	t.Parallel()
	const subject = "menjin.user.locked." + user
	none := map[string]string{}
	news := map[string]string{
		"ce-type": "menjin.wechat.news.v1", "ce-subject": "", "ce-dataschema": "urn:menjin:schema:menjin.wechat.v1.json", "menjin-user-id": user,
	}
	for name, test := range map[string]struct {
		subject string
		headers map[string]string
		data    string
		sound   bool
	}{
		"sound":                   {subject, none, locked, true},
		"served schema":           {subject, map[string]string{"ce-dataschema": "https://id.example.com/schemas/menjin.user.locked.v1.json"}, locked, true},
		"traced":                  {subject, map[string]string{"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}, locked, true},
		"pushed by WeChat":        {"menjin.wechat.news", news, pushed, true},
		"replayed to the stream":  {subject, map[string]string{"ce-replayed": "true", "Nats-Msg-Id": user + ":" + id}, locked, true},
		"replayed beside it":      {"menjin.replay.billing.user.locked." + user, map[string]string{"ce-replayed": "true", "Nats-Msg-Id": user + ":" + id}, locked, true},
		"beside it, unmarked":     {"menjin.replay.billing.user.locked." + user, none, locked, false},
		"other subject":           {"menjin.user.unlocked." + user, none, locked, false},
		"other user in subject":   {"menjin.user.locked." + id, none, locked, false},
		"unknown type":            {subject, map[string]string{"ce-type": "menjin.user.locked.v9"}, locked, false},
		"no type":                 {subject, map[string]string{"ce-type": ""}, locked, false},
		"no user":                 {"menjin.user.locked", map[string]string{"ce-subject": ""}, locked, false},
		"sequence 0":              {subject, map[string]string{"ce-sequence": "0"}, locked, false},
		"no id":                   {subject, map[string]string{"ce-id": ""}, locked, false},
		"other message id":        {subject, map[string]string{"Nats-Msg-Id": user}, locked, false},
		"other CloudEvents":       {subject, map[string]string{"ce-specversion": "0.3"}, locked, false},
		"schema of another":       {subject, map[string]string{"ce-dataschema": "urn:menjin:schema:menjin.user.merged.v1.json"}, locked, false},
		"other instant":           {subject, map[string]string{"ce-time": "2026-11-22T08:00:01Z"}, locked, false},
		"no time":                 {subject, map[string]string{"ce-time": "now"}, locked, false},
		"trace that is none":      {subject, map[string]string{"traceparent": "x"}, locked, false},
		"content of another kind": {subject, map[string]string{"content-type": "text/plain"}, locked, false},
		"member missing":          {subject, none, `{"user_id":"` + user + `"}`, false},
		"no JSON":                 {subject, none, `{`, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := eventtest.Check(test.subject, headers(test.headers), []byte(test.data)); (err == nil) != test.sound {
				t.Errorf("got %v, want sound = %t", err, test.sound)
			}
		})
	}
	twice := headers(none)
	twice["ce-id"] = []string{id, id}
	if err := eventtest.Check(subject, twice, []byte(locked)); err == nil {
		t.Error("a header given twice was taken")
	}
}
