package natsbus

import (
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// The headers of a CloudEvent in binary mode (CloudEvents 1.0, NATS binding).
const (
	headerSpecVersion = "ce-specversion"
	headerID          = "ce-id"
	headerSource      = "ce-source"
	headerType        = "ce-type"
	headerSubject     = "ce-subject"
	headerTime        = "ce-time"
	headerSchema      = "ce-dataschema"
	headerSequence    = "ce-sequence"
	headerContentType = "content-type"
)

// pushedKinds is what the types begin with of events that WeChat pushed, which have no user. One schema is for all of them.
const (
	pushedKinds  = "menjin.wechat."
	pushedSchema = "menjin.wechat.v1"
)

// envelope puts messages into their headers, one after the other and all into the same memory: the client has copied a
// message to its buffer when publishing returns, and building ten headers anew would cost more than sending them.
type envelope struct {
	schemaBase string
	msg        nats.Msg
	schemas    map[string]string // event type → data schema

	id, kind, subject, time, schema, sequence []string

	// Of a replay; message is nil where there is none.
	replay  domain.ID
	to      string
	message []string
}

func newEnvelope(options Options) *envelope {
	one := make([]string, 6)
	e := &envelope{
		schemaBase: options.SchemaBase, schemas: make(map[string]string),
		id: one[0:1:1], kind: one[1:2:2], subject: one[2:3:3], time: one[3:4:4], schema: one[4:5:5], sequence: one[5:6:6],
	}
	e.msg.Header = nats.Header{
		jetstream.MsgIDHeader:          e.id,
		jetstream.ExpectedStreamHeader: {StreamName},
		headerSpecVersion:              {"1.0"},
		headerSource:                   {options.Source},
		headerContentType:              {"application/json"},
		headerID:                       e.id,
		headerType:                     e.kind,
		headerSubject:                  e.subject,
		headerTime:                     e.time,
		headerSchema:                   e.schema,
		headerSequence:                 e.sequence,
	}
	return e
}

// seal returns a message that is valid until the next call.
func (e *envelope) seal(message *ports.Message) *nats.Msg {
	e.id[0] = message.ID.String()
	e.kind[0] = message.Type
	if strings.HasPrefix(message.Type, pushedKinds) {
		delete(e.msg.Header, headerSubject)
	} else {
		e.subject[0], e.msg.Header[headerSubject] = message.UserID.String(), e.subject
	}
	e.time[0] = message.At.UTC().Format(time.RFC3339Nano)
	e.schema[0] = e.schemaOf(message.Type)
	e.sequence[0] = strconv.FormatInt(message.UserVersion, 10)
	e.msg.Subject, e.msg.Data = message.Subject, message.Data
	e.redirect(message.ID)
	if len(message.Headers) == 0 {
		return &e.msg
	}
	own := nats.Msg{Subject: e.msg.Subject, Data: message.Data, Header: make(nats.Header, len(e.msg.Header)+len(message.Headers))}
	for name, value := range message.Headers {
		own.Header[name] = []string{value}
	}
	delete(own.Header, headerSubject)
	maps.Copy(own.Header, e.msg.Header) // a message's headers cannot replace what identifies it
	return &own
}

func (e *envelope) schemaOf(kind string) string {
	if strings.HasPrefix(kind, pushedKinds) {
		kind = pushedSchema
	}
	schema, found := e.schemas[kind]
	if !found {
		schema = e.schemaBase + kind + ".json"
		e.schemas[kind] = schema
	}
	return schema
}
