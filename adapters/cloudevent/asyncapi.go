package cloudevent

import (
	_ "embed" // what AsyncAPI adds to the schemas
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/menjin-id/menjin/domain"
)

//go:embed asyncapi.yaml
var asyncAPIBase []byte

// asyncAPI is an AsyncAPI 3.0 document that grows.
type asyncAPI struct {
	Spec        string            `json:"asyncapi"           yaml:"asyncapi"`
	ID          string            `json:"id"                 yaml:"id"`
	Info        map[string]any    `json:"info"               yaml:"info"`
	ContentType string            `json:"defaultContentType" yaml:"defaultContentType"`
	Servers     map[string]any    `json:"servers"            yaml:"servers"`
	Channels    map[string]object `json:"channels"           yaml:"channels"`
	Operations  map[string]object `json:"operations"         yaml:"operations"`
	Components  struct {
		Messages   map[string]object `json:"messages"   yaml:"messages"`
		Parameters map[string]object `json:"parameters" yaml:"parameters"`
		Schemas    map[string]object `json:"schemas"    yaml:"schemas"`
	} `json:"components" yaml:"components"`
}

type object = map[string]any

// published is what the document takes from a schema.
type published struct {
	Title    string            `json:"title"`
	Summary  string            `json:"x-summary"`
	Examples []json.RawMessage `json:"examples"`
}

// AsyncAPI returns an AsyncAPI 3.0 document, as JSON, of where each type is published. Payloads refer to the schemas at
// schemas/<type>.json beside it. The version is the program's own.
func AsyncAPI(version string) ([]byte, error) {
	var doc asyncAPI
	if err := yaml.Unmarshal(asyncAPIBase, &doc); err != nil {
		return nil, fmt.Errorf("read the base of the AsyncAPI document: %w", err)
	}
	if version != "" {
		doc.Info["version"] = version
	}
	files, err := fs.Glob(Schemas(), "*.json")
	if err != nil {
		return nil, fmt.Errorf("list schemas: %w", err)
	}
	for _, file := range files {
		if err := doc.add(file); err != nil {
			return nil, fmt.Errorf("describe %s: %w", file, err)
		}
	}
	doc.addReplays()
	text, err := json.Marshal(doc)
	if err != nil {
		return nil, fmt.Errorf("write the AsyncAPI document: %w", err)
	}
	return text, nil
}

func (d *asyncAPI) add(file string) error {
	text, err := fs.ReadFile(Schemas(), file)
	if err != nil {
		return err
	}
	var schema published
	if err := json.Unmarshal(text, &schema); err != nil {
		return err
	}
	channel, address, parameter := channelOf(schema.Title)
	message := object{
		"name": schema.Title, "title": schema.Title, "summary": schema.Summary, "contentType": d.ContentType,
		"headers": object{"allOf": []object{ref("components", "schemas", "headers"), headersOf(schema.Title)}},
		"payload": object{"$ref": "schemas/" + file},
	}
	var examples []object
	for _, payload := range schema.Examples {
		headers, err := exampleHeaders(file, payload)
		if err != nil {
			return err
		}
		examples = append(examples, object{"headers": headers, "payload": payload})
	}
	message["examples"] = examples
	d.Components.Messages[schema.Title] = message
	d.addChannel(channel, address, schema.Summary, []string{schema.Title}, parameter)
	return nil
}

// addReplays adds where events go that are sent again on request and not to the stream.
func (d *asyncAPI) addReplays() {
	var ofUsers []string
	for name := range d.Components.Messages {
		if strings.HasPrefix(name, prefix) {
			ofUsers = append(ofUsers, name)
		}
	}
	slices.Sort(ofUsers)
	const summary = "应要求再次发送,不进入流 · Sent again on request, no part of the stream"
	d.addChannel("menjin.replay.user", "menjin.replay.{replay}.user.{event}.{userId}", summary, ofUsers, "replay", "event", "userId")
	d.addChannel("menjin.replay.wechat", "menjin.replay.{replay}.wechat.{wechatEvent}", summary,
		[]string{TypeName(domain.EventWeChatPushed)}, "replay", "wechatEvent")
}

func (d *asyncAPI) addChannel(channel, address, summary string, messages []string, parameters ...string) {
	named, given, sent := object{}, object{}, []object{}
	for _, message := range messages {
		named[message] = ref("components", "messages", message)
		sent = append(sent, ref("channels", channel, "messages", message))
	}
	for _, parameter := range parameters {
		given[parameter] = ref("components", "parameters", parameter)
	}
	d.Channels[channel] = object{"address": address, "summary": summary, "messages": named, "parameters": given}
	d.Operations[channel] = object{"action": "send", "summary": summary, "channel": ref("channels", channel), "messages": sent}
}

// channelOf takes a type apart: menjin.user.registered.v1 is published at menjin.user.registered.{userId}.
func channelOf(title string) (channel, address, parameter string) {
	channel = title[:strings.LastIndex(title, ".v")]
	if channel == pushedPrefix {
		return channel, channel + ".{wechatEvent}", "wechatEvent"
	}
	return channel, channel + ".{userId}", "userId"
}

func ref(path ...string) object {
	return object{"$ref": "#/" + strings.Join(path, "/")}
}
