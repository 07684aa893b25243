package cloudevent

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/menjin-id/menjin/domain"
)

type phoneBound struct {
	UserID   string    `json:"user_id"`
	Replaced bool      `json:"replaced"` // there was another number before
	BoundAt  time.Time `json:"bound_at"`
}

type phoneUnbound struct {
	UserID    string    `json:"user_id"`
	UnboundAt time.Time `json:"unbound_at"`
}

type deleted struct {
	UserID        string    `json:"user_id"`
	MergedUserIDs []string  `json:"merged_user_ids"` // never null
	DeletedAt     time.Time `json:"deleted_at"`
}

type wechatPushed struct {
	AppID      string          `json:"app_id"`
	Event      string          `json:"event"`
	UserID     *string         `json:"user_id"` // null where it concerns nobody known
	ReceivedAt time.Time       `json:"received_at"`
	Message    json.RawMessage `json:"message"`
}

// writePersonal writes the events of what belongs to a person, and of the end of it.
func writePersonal(event domain.Event) (domain.EventType, any, error) {
	user, at := about(event)
	switch facts := event.Facts.(type) {
	case domain.PhoneBound:
		return domain.EventPhoneBound, phoneBound{user, facts.Replaced, at}, nil
	case domain.PhoneUnbound:
		return domain.EventPhoneUnbound, phoneUnbound{user, at}, nil
	case domain.Deleted:
		merged, err := userIDs(facts.Merged)
		return domain.EventDeleted, deleted{user, merged, at}, err
	case domain.WeChatPushed:
		return writePushed(event, facts)
	default:
		return "", nil, fmt.Errorf("facts of type %T are unknown", facts)
	}
}

// userIDs takes apart a list with commas, which may be empty.
func userIDs(list string) ([]string, error) {
	if list == "" {
		return []string{}, nil
	}
	ids := strings.Split(list, ",")
	for _, text := range ids {
		if id, err := domain.ParseUserID(text); err != nil || id.IsZero() {
			return nil, fmt.Errorf("a list of %d user ids holds one that is none", len(ids))
		}
	}
	return ids, nil
}

// writePushed refuses a message that is no JSON object, as readers take its members for granted, and one whose letters a
// database could refuse later.
func writePushed(event domain.Event, facts domain.WeChatPushed) (domain.EventType, any, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal([]byte(facts.Content), &members); err != nil || members == nil || !utf8.ValidString(facts.Content) {
		return "", nil, errors.New("the message is no JSON object")
	}
	var user *string
	if !facts.UserID.IsZero() {
		user = orNull(facts.UserID.String())
	}
	_, at := about(event)
	body := wechatPushed{string(facts.AppID), facts.Name, user, at, json.RawMessage(facts.Content)}
	return domain.EventWeChatPushed, body, needApp(facts.AppID)
}
