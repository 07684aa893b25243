package portstest

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// EventCodec is the contract of how events are written down.
func EventCodec(t *testing.T, open func(t *testing.T) ports.EventCodec) {
	t.Helper()
	check(t, open, codecContracts)
}

// newEvents makes an event of each kind there is.
func newEvents(t *testing.T) []domain.Event {
	t.Helper()
	user, registered := newUser(t)
	other, registeredOther := newPasswordUser(t)
	session := newSession(user.ID(), now(), domain.SessionLimits{})
	id := session.State().ID
	linked := newIdentity(t)
	linked.AppID = otherApp
	changed := user.ChangeProfile(domain.ProfileChange{
		Nickname: domain.Change[domain.Nickname]{Given: true, Value: must(domain.NewNickname("韩梅梅"))(t)},
	}, stamp())
	events := slices.Concat(
		[]domain.Event{
			registered, registeredOther,
			user.SignIn(session, domain.MethodWeChat, stamp()),
			other.SignIn(session, domain.MethodPassword, stamp()),
			must(other.SetPassword(samplePasswordHash(), domain.Username{}, stamp()))(t),
			user.EndSession(id, domain.EndedByLogout, stamp()),
			user.EndAllSessions(domain.SessionID{}, domain.EndedByLogoutAll, stamp()),
			user.EndAllSessions(id, domain.EndedByPasswordChange, stamp()),
		},
		changed, user.SetRoles([]domain.Role{domain.RoleSupport}, stamp()), user.LinkWeChat(linked, stamp()),
		[]domain.Event{must(user.UnlinkWeChat(sampleApp, stamp()))(t)},
		user.Lock(stamp()), user.Unlock(stamp()),
		user.BindPhone(newPhone(t), stamp()), user.UnbindPhone(stamp()),
		[]domain.Event{newPushed()},
	)
	_, _, merged, err := domain.Merge(user, other, stamp(), stamp())
	if err != nil {
		t.Fatalf("merge: %v", err)
	}
	gone, _ := newUser(t)
	return slices.Concat(events, merged, gone.Delete(stamp(), stamp()))
}

// newPushed makes an event that has no user.
func newPushed() domain.Event {
	return domain.PushedByWeChat(
		domain.WeChatPushed{AppID: sampleApp, Name: "debug_demo", UserID: newUserID(), Content: `{"MsgType":"event"}`}, stamp())
}

// unknownFacts is what an event of a type to come may tell.
type unknownFacts struct{ domain.Facts }

var codecContracts = []contract[ports.EventCodec]{
	{"every type of event is written down", func(t *testing.T, _ context.Context, codec ports.EventCodec) {
		written := map[domain.EventType]bool{}
		for _, event := range newEvents(t) {
			written[event.Type] = true
			message, err := codec.Encode(event)
			if err != nil {
				t.Errorf("encode %s: %v", event.Type, err)
				continue
			}
			wantMessage(t, event, message)
		}
		for _, name := range domain.EventTypes() {
			if !written[name] {
				t.Errorf("event type %s: the suite has no sample of it", name)
			}
		}
	}},
	{"an event is written down the same each time", func(t *testing.T, _ context.Context, codec ports.EventCodec) {
		for _, event := range newEvents(t) {
			first, err := codec.Encode(event)
			if err != nil {
				t.Fatalf("encode: %v", err)
			}
			second, err := codec.Encode(event)
			if diff := diff(first, second); diff != "" || err != nil {
				t.Errorf("%s encoded twice: error %v, differs (-first +second):\n%s", event.Type, err, diff)
			}
		}
	}},
	{"facts unknown, missing or of another type are refused", func(t *testing.T, _ context.Context, codec ports.EventCodec) {
		unknown, missing, other := newEvents(t)[0], newEvents(t)[0], newEvents(t)[0]
		unknown.Facts = unknownFacts{}
		missing.Facts = nil
		other.Facts = domain.SessionEnded{Reason: domain.EndedByLogoutAll}
		wantUnencoded(t, codec, map[string]domain.Event{
			"with unknown facts": unknown, "without facts": missing, "with facts of another type": other,
		})
	}},
	{"an event without id, user or version is refused", func(t *testing.T, _ context.Context, codec ports.EventCodec) {
		id, user, zero, negative := newEvents(t)[0], newEvents(t)[0], newEvents(t)[0], newEvents(t)[0]
		pushed := newPushed()
		pushed.UserID = newUserID()
		id.ID = domain.EventID{}
		user.UserID = domain.UserID{}
		zero.Version = 0
		negative.Version = -1
		wantUnencoded(t, codec, map[string]domain.Event{
			"without id": id, "without user": user, "without version": zero, "with a version below 0": negative,
			"that WeChat pushed, with a user": pushed,
		})
	}},
}

func wantUnencoded(t *testing.T, codec ports.EventCodec, events map[string]domain.Event) {
	t.Helper()
	for what, event := range events {
		if _, err := codec.Encode(event); err == nil {
			t.Errorf("encode an event %s: got no error, want one", what)
		}
	}
}

func wantMessage(t *testing.T, event domain.Event, got ports.Message) {
	t.Helper()
	if pushed, ok := event.Facts.(domain.WeChatPushed); ok {
		wantPushed(t, event, pushed, got)
		return
	}
	want := got
	want.ID, want.UserID, want.UserVersion, want.At = event.ID, event.UserID, event.Version, event.At
	want.Type = "menjin.user." + string(event.Type) + ".v1"
	want.Subject = "menjin.user." + string(event.Type) + "." + event.UserID.String()
	want.SchemaVersion = 1
	if diff := diff(want, got); diff != "" {
		t.Errorf("message of %s differs (-want +got):\n%s", event.Type, diff)
	}

	var data map[string]any
	if err := json.Unmarshal(got.Data, &data); err != nil {
		t.Fatalf("data of %s: got %s, want a JSON object: %v", event.Type, got.Data, err)
	}
	about := event.UserID
	if merged, ok := event.Facts.(domain.Merged); ok {
		about = merged.Kept // of whom both users' events speak
	}
	if data["user_id"] != about.String() {
		t.Errorf("user_id of %s: got %v, want %v", event.Type, data["user_id"], about)
	}
	if bytes.Contains(got.Data, []byte("韩梅梅")) {
		t.Errorf("data of %s: got %s, want nothing private", event.Type, got.Data)
	}
	private := []string{"openid", "unionid", "phone", "email", "nickname", "username", "avatar_url", "token", "session_key", "password"}
	for name := range data {
		if slices.Contains(private, strings.ToLower(name)) {
			t.Errorf("data of %s: got field %q, want nothing private", event.Type, name)
		}
	}
}

func wantPushed(t *testing.T, event domain.Event, pushed domain.WeChatPushed, got ports.Message) {
	t.Helper()
	want := got
	want.ID, want.UserID, want.UserVersion, want.At = event.ID, domain.UserID{ID: event.ID.ID}, 1, event.At
	want.Type, want.SchemaVersion, want.Subject = "menjin.wechat."+pushed.Name+".v1", 1, "menjin.wechat."+pushed.Name
	if diff := diff(want, got); diff != "" {
		t.Errorf("message of %s differs (-want +got):\n%s", event.Type, diff)
	}
	if got.Headers[ports.HeaderUserID] != pushed.UserID.String() {
		t.Errorf("headers of %s: got %v, want the user %s in them", event.Type, got.Headers, pushed.UserID)
	}
	if !json.Valid(got.Data) {
		t.Errorf("data of %s: got %s, want JSON", event.Type, got.Data)
	}
}
