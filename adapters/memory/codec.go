package memory

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// EventCodec is a ports.EventCodec that writes down whom an event is about and when, and nothing of its facts.
type EventCodec struct{}

// Encode is part of ports.EventCodec.
func (EventCodec) Encode(event domain.Event) (ports.Message, error) {
	pushed, userless := event.Facts.(domain.WeChatPushed)
	if event.ID.IsZero() || event.UserID.IsZero() != userless || event.Version < 1 {
		return ports.Message{}, errors.New("event has no id, user or version, or a user too many")
	}
	if typeOf(event.Facts) != event.Type {
		return ports.Message{}, fmt.Errorf("event type %q does not tell %T", event.Type, event.Facts)
	}
	if userless {
		return encodePushed(event, pushed)
	}
	about := event.UserID
	if merged, ok := event.Facts.(domain.Merged); ok {
		about = merged.Kept
	}
	data, err := json.Marshal(map[string]string{
		"user_id": about.String(), "at": event.At.Format(time.RFC3339Nano),
	})
	name := "menjin.user." + string(event.Type)
	return ports.Message{
		ID: event.ID, Type: name + ".v1", SchemaVersion: 1, Subject: name + "." + event.UserID.String(),
		UserID: event.UserID, UserVersion: event.Version, At: event.At, Data: data,
	}, err
}

// encodePushed writes down an event that has no user.
func encodePushed(event domain.Event, pushed domain.WeChatPushed) (ports.Message, error) {
	data, err := json.Marshal(map[string]string{
		"event": pushed.Name, "app_id": string(pushed.AppID), "at": event.At.Format(time.RFC3339Nano),
	})
	name := "menjin.wechat." + pushed.Name
	var headers map[string]string
	if !pushed.UserID.IsZero() {
		headers = map[string]string{ports.HeaderUserID: pushed.UserID.String()}
	}
	return ports.Message{
		ID: event.ID, Type: name + ".v1", SchemaVersion: 1, Subject: name,
		UserID: domain.UserID{ID: event.ID.ID}, UserVersion: event.Version, At: event.At, Data: data, Headers: headers,
	}, err
}

// typeOf returns the type that facts belong to, empty for unknown ones.
func typeOf(facts domain.Facts) domain.EventType {
	switch facts.(type) {
	case domain.Registered:
		return domain.EventRegistered
	case domain.SignedIn:
		return domain.EventSignedIn
	case domain.ProfileUpdated:
		return domain.EventProfileUpdated
	case domain.PasswordChanged:
		return domain.EventPasswordChanged
	case domain.WeChatLinked:
		return domain.EventWeChatLinked
	case domain.WeChatUnlinked:
		return domain.EventWeChatUnlinked
	case domain.Merged:
		return domain.EventMerged
	case domain.RolesChanged:
		return domain.EventRolesChanged
	case domain.Locked:
		return domain.EventLocked
	case domain.Unlocked:
		return domain.EventUnlocked
	case domain.SessionEnded:
		return domain.EventSessionEnded
	case domain.PhoneBound:
		return domain.EventPhoneBound
	case domain.PhoneUnbound:
		return domain.EventPhoneUnbound
	case domain.Deleted:
		return domain.EventDeleted
	case domain.WeChatPushed:
		return domain.EventWeChatPushed
	default:
		return "unknown"
	}
}
