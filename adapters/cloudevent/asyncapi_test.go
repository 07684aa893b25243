package cloudevent_test

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/menjin-id/menjin/adapters/cloudevent"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/internal/testserver"
)

type asyncDocument struct {
	AsyncAPI string
	Info     struct{ Version string }
	Channels map[string]struct {
		Address  string
		Messages map[string]struct {
			Ref string `json:"$ref"`
		}
		Parameters map[string]any
	}
	Operations map[string]struct{ Action string }
	Components struct {
		Messages map[string]struct {
			Name    string
			Headers json.RawMessage
			Payload struct {
				Ref string `json:"$ref"`
			}
			Examples []struct{ Headers, Payload json.RawMessage }
		}
	}
}

func asyncAPI(t *testing.T) ([]byte, asyncDocument) {
	t.Helper()
	text, err := cloudevent.AsyncAPI("1.2.3")
	if err != nil {
		t.Fatal(err)
	}
	var document asyncDocument
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	return text, document
}

func TestEveryTypeHasAChannelAndAMessageAndNoOther(t *testing.T) {
	t.Parallel()
	_, document := asyncAPI(t)
	addresses := map[string]string{
		"menjin.replay.user":   "menjin.replay.{replay}.user.{event}.{userId}",
		"menjin.replay.wechat": "menjin.replay.{replay}.wechat.{wechatEvent}",
	}
	var names []string
	for _, kind := range domain.EventTypes() {
		name := cloudevent.TypeName(kind)
		names = append(names, name)
		channel, parameter := "menjin.user."+string(kind), ".{userId}"
		if kind == domain.EventWeChatPushed {
			channel, parameter = "menjin.wechat", ".{wechatEvent}"
		}
		addresses[channel] = channel + parameter
		if got, want := document.Channels[channel].Messages[name].Ref, "#/components/messages/"+name; got != want {
			t.Errorf("message of channel %s: got %q, want %q", channel, got, want)
		}
		message := document.Components.Messages[name]
		if want := "schemas/" + name + ".json"; message.Payload.Ref != want || message.Name != name {
			t.Errorf("message %s: got name %q and payload %q, want payload %q", name, message.Name, message.Payload.Ref, want)
		}
	}
	got := map[string]string{}
	for name, channel := range document.Channels {
		got[name] = channel.Address
		if action := document.Operations[name].Action; action != "send" {
			t.Errorf("operation of channel %s: got action %q, want send", name, action)
		}
		for parameter := range channel.Parameters {
			if !strings.Contains(channel.Address, "{"+parameter+"}") {
				t.Errorf("channel %s: parameter %s is not in its address", name, parameter)
			}
		}
	}
	if diff := cmp.Diff(addresses, got); diff != "" {
		t.Errorf("channels (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(slices.Sorted(slices.Values(names)), slices.Sorted(maps.Keys(document.Components.Messages))); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
	if len(document.Channels["menjin.replay.user"].Messages)+len(document.Channels["menjin.replay.wechat"].Messages) != len(names) {
		t.Errorf("not every message has a channel to be replayed to: %v", document.Channels)
	}
	if document.AsyncAPI != "3.0.0" || document.Info.Version != "1.2.3" {
		t.Errorf("got AsyncAPI %s of version %s, want 3.0.0 of 1.2.3", document.AsyncAPI, document.Info.Version)
	}
}

func TestExamplesOfMessagesFitTheirHeadersAndSchema(t *testing.T) {
	t.Parallel()
	text, document := asyncAPI(t)
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource("file:///asyncapi.json", decode(t, text)); err != nil {
		t.Fatal(err)
	}
	for name, message := range document.Components.Messages {
		headers, err := compiler.Compile("file:///asyncapi.json#/components/messages/" + name + "/headers")
		if err != nil {
			t.Fatal(err)
		}
		if len(message.Examples) == 0 {
			t.Errorf("message %s has no example", name)
		}
		for _, example := range message.Examples {
			if err := headers.Validate(decode(t, example.Headers)); err != nil {
				t.Errorf("headers %s of %s: %v", example.Headers, name, err)
			}
			if err := compile(t, name).Validate(decode(t, example.Payload)); err != nil {
				t.Errorf("payload %s of %s: %v", example.Payload, name, err)
			}
		}
	}
}

func TestAsyncAPIParserHasNothingAgainstTheDocument(t *testing.T) {
	t.Parallel()
	text, document := asyncAPI(t)
	out, err := parse(t, text)
	if err != nil {
		t.Fatalf("%v:\n%s", err, out)
	}
	want := strings.Join(slices.Sorted(maps.Keys(document.Components.Messages)), "\n")
	if got := strings.TrimSpace(string(out)); got != want {
		t.Errorf("messages (-want +got):\n%s", cmp.Diff(want, got))
	}
}

func TestAsyncAPIParserFindsFaults(t *testing.T) {
	t.Parallel()
	text, _ := asyncAPI(t)
	for what, change := range map[string][2]string{
		"reference to nothing": {"schemas/menjin.user.locked.v1.json", "schemas/menjin.user.locked.v9.json"},
		"unknown action":       {`"action":"send"`, `"action":"sent"`},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			broken := bytes.Replace(text, []byte(change[0]), []byte(change[1]), 1)
			if out, err := parse(t, broken); err == nil || bytes.Equal(broken, text) {
				t.Errorf("got %v and %q, want a fault", err, out)
			}
		})
	}
}

// parse runs @asyncapi/parser over the document as it is served, with the schemas beside it.
func parse(t *testing.T, text []byte) ([]byte, error) {
	t.Helper()
	const tool = "../../tools/asyncapi"
	node, err := exec.LookPath("node")
	if err != nil {
		testserver.Missing(t, "node", "nodejs")
	}
	if _, err := os.Stat(filepath.Join(tool, "node_modules/@asyncapi/parser")); err != nil {
		testserver.Missing(t, "@asyncapi/parser", "npm, and run tools/testdeps.sh")
	}
	folder := t.TempDir()
	if err := os.CopyFS(filepath.Join(folder, "schemas"), cloudevent.Schemas()); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(folder, "asyncapi.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return exec.CommandContext(t.Context(), node, filepath.Join(tool, "validate.js"), file).CombinedOutput()
}

func TestExamplesOfSchemasTellEveryMember(t *testing.T) {
	t.Parallel()
	for _, kind := range domain.EventTypes() {
		name := cloudevent.TypeName(kind)
		text, err := fs.ReadFile(cloudevent.Schemas(), name+".json")
		if err != nil {
			t.Fatal(err)
		}
		var schema struct {
			Summary     string `json:"x-summary"`
			Description string
			Properties  map[string]struct{ Description string }
			Examples    []json.RawMessage
		}
		if err := json.Unmarshal(text, &schema); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(schema.Summary, " · ") || schema.Description == "" || len(schema.Examples) == 0 {
			t.Errorf("%s lacks a summary in two languages, a description or examples", name)
		}
		for _, example := range schema.Examples {
			var members map[string]any
			if err := json.Unmarshal(example, &members); err != nil {
				t.Fatal(err)
			}
			if got, want := slices.Sorted(maps.Keys(members)), slices.Sorted(maps.Keys(schema.Properties)); !slices.Equal(got, want) {
				t.Errorf("example %s of %s: got members %q, want %q", example, name, got, want)
			}
			if err := compile(t, name).Validate(decode(t, example)); err != nil {
				t.Errorf("example %s of %s: %v", example, name, err)
			}
		}
		for member, property := range schema.Properties {
			if property.Description == "" {
				t.Errorf("member %s of %s is not described", member, name)
			}
		}
	}
}
