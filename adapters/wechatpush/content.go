package wechatpush

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"

	"github.com/menjin-id/menjin/application/push"
	"github.com/menjin-id/menjin/domain"
)

const (
	// maxDepth is far above what WeChat nests.
	maxDepth = 16
	byteMark = "\ufeff"
)

var (
	errSyntax    = errors.New("neither JSON nor XML")
	errAmbiguous = errors.New("a field that is no text, or has two")
)

// content is a message, whichever way it was written.
type content map[string]any

// parse reads an object of JSON, or an element of XML.
func parse(text []byte) (content, error) {
	text = bytes.TrimSpace(bytes.TrimPrefix(text, []byte(byteMark)))
	switch {
	case bytes.HasPrefix(text, []byte("{")):
		return parseJSON(text)
	case bytes.HasPrefix(text, []byte("<")):
		return parseXML(text)
	default:
		return nil, errSyntax
	}
}

// fold makes equal the names that WeChat's own samples write in several ways: " OpenID", "openid".
func fold(name string) string { return strings.ToLower(strings.TrimSpace(name)) }

// text returns a field, and nothing when it is missing. A field that comes twice must say the same both times: readers differ
// in which of two they take, and that is for nobody to play with.
func (c content) text(name string) (string, error) {
	name = fold(name)
	for written, value := range c {
		if fold(written) == name {
			return textOf(value)
		}
	}
	return "", nil
}

func textOf(value any) (string, error) {
	switch value := value.(type) {
	case nil:
		return "", nil
	case string:
		return strings.TrimSpace(value), nil
	case json.Number:
		return value.String(), nil
	case []any:
		return sameText(value)
	default:
		return "", errAmbiguous
	}
}

func sameText(values []any) (string, error) {
	var all string
	for i, value := range values {
		if _, nested := value.([]any); nested {
			return "", errAmbiguous
		}
		text, err := textOf(value)
		if err != nil || i > 0 && text != all {
			return "", errAmbiguous
		}
		all = text
	}
	return all, nil
}

// sealed reports whether the message is an envelope alone.
func (c content) sealed() bool {
	encrypted, err := c.text("Encrypt")
	kind, _ := c.text("MsgType")
	return err == nil && encrypted != "" && kind == ""
}

// message picks out what is acted upon.
func (c content) message(app domain.AppID) (push.Message, error) {
	var named, openID, from string
	m := push.Message{App: app, Content: c}
	for name, field := range map[string]*string{
		"AppID": &named, "MsgType": &m.Type, "Event": &m.Event, "OpenID": &openID, "FromUserName": &from, "MsgId": &m.ID,
		"CreateTime": &m.CreateTime, "RevokeInfo": &m.RevokeInfo,
	} {
		text, err := c.text(name)
		if err != nil {
			return push.Message{}, err
		}
		*field = text
	}
	m.Named, m.OpenID, m.From = domain.AppID(named), domain.NewSecret(openID), domain.NewSecret(from)
	return m, nil
}

// members collects what is in an object or element. What comes again, under the same name or one that is folded to it, makes a
// list with what came before.
type members struct {
	values   content
	names    map[string]string // as first written, by the folded one
	repeated map[string]bool
}

func newMembers() *members {
	return &members{content{}, map[string]string{}, map[string]bool{}}
}

func (m *members) add(name string, value any) {
	name = strings.TrimSpace(name)
	folded := fold(name)
	written, again := m.names[folded]
	switch {
	case !again:
		m.names[folded], m.values[name] = name, value
	case m.repeated[folded]:
		m.values[written] = append(m.values[written].([]any), value)
	default:
		m.repeated[folded] = true
		m.values[written] = []any{m.values[written], value}
	}
}
