// Package eventtest holds what lies in the stream against what is published about it: each message's headers against the
// AsyncAPI document, its data against the JSON Schema of its type, and both against each other. Production code never imports
// it.
package eventtest

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/menjin-id/menjin/adapters/cloudevent"
	"github.com/menjin-id/menjin/domain"
)

// contract is what one type promises.
type contract struct{ headers, data *jsonschema.Schema }

var contracts = sync.OnceValues(func() (map[string]contract, error) {
	document, err := cloudevent.AsyncAPI("")
	if err != nil {
		return nil, err
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	const async = "file:///asyncapi.json"
	if err := add(compiler, async, document); err != nil {
		return nil, err
	}
	all := make(map[string]contract)
	for _, kind := range domain.EventTypes() {
		name := cloudevent.TypeName(kind)
		text, err := fs.ReadFile(cloudevent.Schemas(), name+".json")
		if err != nil {
			return nil, err
		}
		address := "file:///schemas/" + name + ".json"
		if err := add(compiler, address, text); err != nil {
			return nil, err
		}
		headers, err := compiler.Compile(async + "#/components/messages/" + name + "/headers")
		if err != nil {
			return nil, err
		}
		data, err := compiler.Compile(address)
		if err != nil {
			return nil, err
		}
		all[name] = contract{headers, data}
	}
	return all, nil
})

func add(compiler *jsonschema.Compiler, address string, text []byte) error {
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return err
	}
	return compiler.AddResource(address, document)
}

// Check says what is wrong with a message as it lies in the stream or was replayed beside it.
func Check(subject string, headers map[string][]string, data []byte) error {
	all, err := contracts()
	if err != nil {
		return fmt.Errorf("read what is published about events: %w", err)
	}
	single := make(map[string]any, len(headers))
	for name, values := range headers {
		if len(values) != 1 {
			return fmt.Errorf("header %s is there %d times", name, len(values))
		}
		single[name] = values[0]
	}
	m := message{subject: subject, headers: single}
	promised, found := all[m.schema()]
	if !found {
		return fmt.Errorf("type %q has no schema", m.header("ce-type"))
	}
	body, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		return fmt.Errorf("data of a %s: %w", m.header("ce-type"), err)
	}
	if err := errors.Join(promised.headers.Validate(single), promised.data.Validate(body), m.checkTogether(body)); err != nil {
		return fmt.Errorf("%s at %s: %w\nheaders %v\ndata %s", m.header("ce-type"), subject, err, single, data)
	}
	return nil
}

type message struct {
	subject string
	headers map[string]any
}

func (m message) header(name string) string {
	value, _ := m.headers[name].(string)
	return value
}

const pushedKinds = "menjin.wechat."

// schema names the schema of the type; what WeChat pushed shares one.
func (m message) schema() string {
	if strings.HasPrefix(m.header("ce-type"), pushedKinds) {
		return cloudevent.TypeName(domain.EventWeChatPushed)
	}
	return m.header("ce-type")
}

// checkTogether finds where subject, headers and data contradict each other.
func (m message) checkTogether(body any) error {
	var faults []error
	kind, id, replayed := m.header("ce-type"), m.header("ce-id"), m.header("ce-replayed") == "true"
	want := kind[:max(0, strings.LastIndex(kind, ".v"))]
	if user := m.header("ce-subject"); user != "" {
		want += "." + user
	}
	subject := m.subject
	if rest, beside := strings.CutPrefix(subject, "menjin.replay."); beside && replayed {
		_, rest, _ = strings.Cut(rest, ".")
		subject = "menjin." + rest
	}
	if subject != want {
		faults = append(faults, fmt.Errorf("subject belongs to %s", want))
	}
	if stored := m.header("Nats-Msg-Id"); stored != id && (!replayed || !strings.HasSuffix(stored, ":"+id)) {
		faults = append(faults, fmt.Errorf("Nats-Msg-Id is %q", stored))
	}
	if schema := m.header("ce-dataschema"); !strings.HasSuffix(schema, m.schema()+".json") {
		faults = append(faults, fmt.Errorf("ce-dataschema is %q", schema))
	}
	return errors.Join(append(faults, m.checkTime(body))...)
}

// checkTime compares the one instant that every body tells with the one of the headers.
func (m message) checkTime(body any) error {
	members, _ := body.(map[string]any)
	told, tellErr := time.Parse(time.RFC3339Nano, m.header("ce-time"))
	for name, value := range members {
		text, ok := value.(string)
		if !ok || !strings.HasSuffix(name, "_at") {
			continue
		}
		at, err := time.Parse(time.RFC3339Nano, text)
		if err != nil || tellErr != nil || !at.Equal(told) {
			return fmt.Errorf("ce-time is %s and %s is %s", m.header("ce-time"), name, text)
		}
	}
	return nil
}
