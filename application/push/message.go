package push

import (
	"strings"

	"github.com/menjin-id/menjin/domain"
)

// Message is what WeChat pushed, once it is certain that WeChat did.
type Message struct {
	App        domain.AppID  // whose server it was pushed to
	Named      domain.AppID  // the one the message itself names; may be empty
	Type       string        // MsgType
	Event      string        // as sent
	OpenID     domain.Secret // whom the event concerns; empty where it concerns nobody
	From       domain.Secret // FromUserName, which for some events is the person and for others WeChat itself
	ID         string        // MsgId; most events have none
	CreateTime string
	RevokeInfo string
	Content    map[string]any // all of the message, as JSON has it: text, json.Number, bool, nil, []any, map[string]any

	// Delivery stands for the signature, where that says nothing of the message: such a signature is good for one message.
	// It is zero where the signature covers the message.
	Delivery [32]byte
}

// The events that oblige to something.
const (
	authorizationRevoked   = "user_authorization_revoke"
	authorizationCancelled = "user_authorization_cancellation"
	profileCleaned         = "user_info_modified"
)

const (
	maxName   = 64
	otherName = "other"
)

// isEvent tells events from what people write to the mini-program.
func (m Message) isEvent() bool {
	return strings.EqualFold(m.Type, "event") || m.Type == "" && m.Event != ""
}

// name is the event's name as part of a subject may look, and "other" for one that cannot look like it.
func (m Message) name() string {
	name := strings.ToLower(strings.TrimSpace(m.Event))
	foreign := func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '_' }
	if name == "" || len(name) > maxName || strings.IndexFunc(name, foreign) >= 0 {
		return otherName
	}
	return name
}
