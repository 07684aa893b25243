package cloudevent

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// MaxData is how many bytes of JSON an event may carry: far below what NATS takes, far above what an event needs.
const MaxData = 64 << 10

const (
	prefix        = "menjin.user."
	pushedPrefix  = "menjin.wechat" // in front of the name that WeChat gave the event
	schemaVersion = 1
)

var _ ports.EventCodec = (*Codec)(nil)

// Codec is a ports.EventCodec. It is safe for concurrent use.
type Codec struct{}

// New makes a codec.
func New() *Codec { return &Codec{} }

// Encode refuses an event that the stream or a subscriber could not take: ids or time that are not set, a version below
// 1, facts it does not know or that are incomplete, a type that does not belong to its facts, data over MaxData; and what
// WeChat pushed under a name that is no word of a subject, or whose message is no JSON object.
func (c *Codec) Encode(event domain.Event) (ports.Message, error) {
	if err := check(event); err != nil {
		return ports.Message{}, fmt.Errorf("encode event %s: %w", event.ID, err)
	}
	kind, body, err := write(event)
	if err != nil {
		return ports.Message{}, fmt.Errorf("encode event %s: %w", event.ID, err)
	}
	if event.Type != kind {
		return ports.Message{}, fmt.Errorf("encode event %s: it is called %q and its facts are %q", event.ID, event.Type, kind)
	}
	data, err := json.Marshal(body)
	if err != nil {
		return ports.Message{}, fmt.Errorf("encode event %s: %w", event.ID, err)
	}
	if len(data) > MaxData {
		return ports.Message{}, fmt.Errorf("encode event %s: %d bytes of data, at most %d can be sent", event.ID, len(data), MaxData)
	}
	message := ports.Message{
		ID:            event.ID,
		Type:          TypeName(kind),
		SchemaVersion: schemaVersion,
		Subject:       prefix + string(kind) + "." + event.UserID.String(),
		UserID:        event.UserID,
		UserVersion:   event.Version,
		At:            event.At.UTC(),
		Data:          data,
	}
	if pushed, ok := event.Facts.(domain.WeChatPushed); ok {
		message.Subject = pushedPrefix + "." + pushed.Name
		message.Type = fmt.Sprintf("%s.v%d", message.Subject, schemaVersion)
		message.UserID = domain.UserID{ID: event.ID.ID}
		if !pushed.UserID.IsZero() {
			message.Headers = map[string]string{ports.HeaderUserID: pushed.UserID.String()}
		}
	}
	return message, nil
}

// TypeName returns the CloudEvents type of an event, e.g. "menjin.user.registered.v1". What WeChat pushed has types of its
// own, such as "menjin.wechat.debug_demo.v1"; for it TypeName returns "menjin.wechat.v1", the schema that all of them share.
func TypeName(kind domain.EventType) string {
	if kind == domain.EventWeChatPushed {
		return fmt.Sprintf("%s.v%d", pushedPrefix, schemaVersion)
	}
	return fmt.Sprintf("%s%s.v%d", prefix, kind, schemaVersion)
}

func check(event domain.Event) error {
	pushed, userless := event.Facts.(domain.WeChatPushed)
	switch {
	case event.ID.IsZero():
		return errors.New("it has no id")
	case userless && (!event.UserID.IsZero() || event.Version != 1):
		return errors.New("it has a user, or is one of several, and was pushed by WeChat")
	case userless && !isToken(pushed.Name):
		return errors.New("its name is no word of a subject")
	case !userless && event.UserID.IsZero():
		return errors.New("it has no user")
	case event.Version < 1:
		return fmt.Errorf("version %d is below 1", event.Version)
	case event.At.IsZero():
		return errors.New("it has no time")
	case !isToken(string(event.Type)):
		return errors.New("its type is no word of a subject")
	}
	return nil
}

// isToken keeps out what would add a level, a wildcard or a line to a NATS subject.
func isToken(text string) bool {
	return text != "" && len(text) <= 64 && strings.IndexFunc(text, notOfToken) < 0
}

func notOfToken(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '_' }
