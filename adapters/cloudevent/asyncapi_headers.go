package cloudevent

import (
	"encoding/json"
	"fmt"
	"strings"
)

// headersOf is what a type asks of the headers beyond what all types have in common.
func headersOf(title string) object {
	if strings.HasPrefix(title, pushedPrefix) {
		return object{"properties": object{"ce-type": object{"pattern": `^menjin\.wechat\.[a-z0-9_]{1,64}\.v1$`}}}
	}
	return object{"required": []string{"ce-subject"}, "properties": object{"ce-type": object{"const": title}}}
}

// exampleHeaders are those in which an example would travel.
func exampleHeaders(file string, payload json.RawMessage) (object, error) {
	var body struct {
		UserID *string `json:"user_id"`
		Event  string  `json:"event"`
	}
	members := object{}
	if err := json.Unmarshal(payload, &body); err != nil {
		return nil, fmt.Errorf("read example: %w", err)
	}
	if err := json.Unmarshal(payload, &members); err != nil {
		return nil, fmt.Errorf("read example: %w", err)
	}
	const id = "0193a5b0-7c21-7000-8000-2c3d4e5f6071"
	title := strings.TrimSuffix(file, ".json")
	headers := object{
		"Nats-Msg-Id": id, "ce-specversion": "1.0", "ce-id": id, "ce-source": "urn:menjin", "ce-type": title,
		"ce-time": timeOf(members), "ce-dataschema": "urn:menjin:schema:" + file, "ce-sequence": "1",
		"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "content-type": "application/json",
	}
	switch {
	case strings.HasPrefix(title, prefix):
		headers["ce-subject"], headers["ce-sequence"] = *body.UserID, "7"
	case body.UserID != nil:
		headers["menjin-user-id"] = *body.UserID
		fallthrough
	default:
		headers["ce-type"] = fmt.Sprintf("%s.%s.v%d", pushedPrefix, body.Event, schemaVersion)
	}
	return headers, nil
}

// timeOf is the one instant that every body tells.
func timeOf(members object) any {
	for name, value := range members {
		if strings.HasSuffix(name, "_at") {
			return value
		}
	}
	return nil
}
