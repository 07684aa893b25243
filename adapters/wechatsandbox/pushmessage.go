package wechatsandbox

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// field is one entry of a pushed message; the order is WeChat's.
type field struct {
	key, text string
	number    bool
}

// message makes the fields of the event as of a time.
func (s *Server) message(p Push, made time.Time) []field {
	sender, openID := s.deriveID("platform", p.AppID, ""), s.OpenID(p.AppID, p.Person)
	if p.Event == EventDebugDemo {
		sender = openID
	}
	fields := []field{
		{key: "ToUserName", text: s.originalID(p.AppID)},
		{key: "FromUserName", text: sender},
		{key: "CreateTime", text: strconv.FormatInt(made.Unix(), 10), number: true},
		{key: "MsgType", text: "event"},
		{key: "Event", text: p.Event},
	}
	common := len(fields)
	fields = append(fields, p.details(openID)...)
	for _, key := range slices.Sorted(maps.Keys(p.Fields)) {
		fields = setField(fields, field{key: key, text: p.Fields[key]})
	}
	if p.PaddedKeys && p.Format == PushJSON {
		for i := range fields[common:] {
			fields[common+i].key = " " + fields[common+i].key
		}
	}
	return fields
}

// details are the fields that differ between the events.
func (p Push) details(openID string) []field {
	if p.Event == EventDebugDemo {
		return []field{{key: "debug_str", text: "hello world"}}
	}
	fields := []field{{key: "OpenID", text: openID}, {key: "AppID", text: p.AppID}}
	if p.WithoutOpenID {
		fields = fields[1:]
	}
	if p.Event == EventUserAuthorizationRevoke {
		fields = append(fields, field{key: "RevokeInfo", text: p.RevokeInfo})
	}
	if p.LowerCaseKeys {
		for i := range fields {
			fields[i].key = strings.ToLower(fields[i].key)
		}
	}
	return fields
}

func setField(fields []field, f field) []field {
	i := slices.IndexFunc(fields, func(old field) bool { return old.key == f.key })
	if i < 0 {
		return append(fields, f)
	}
	f.number = fields[i].number && digits(f.text)
	fields[i] = f
	return fields
}

// originalID is the gh_ name of an app, the addressee of its messages.
func (s *Server) originalID(appID string) string {
	sum := sha256.Sum256([]byte(s.deriveID("original", appID, "")))
	return "gh_" + hex.EncodeToString(sum[:6])
}

func (p Push) write(fields []field) []byte {
	if p.Format == PushXML {
		return writeXML(fields)
	}
	var out bytes.Buffer
	for i, f := range fields {
		out.WriteByte("{,"[min(i, 1)])
		value := []byte(f.text)
		if !f.number {
			value = quote(f.text)
		}
		fmt.Fprintf(&out, "%s:%s", quote(f.key), value)
	}
	out.WriteByte('}')
	return out.Bytes()
}

// quote leaves <, > and & as they are, as WeChat does.
func quote(text string) []byte {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(text) // a string always encodes
	return bytes.TrimSpace(out.Bytes())
}

// writeXML puts spaces around the character data, as WeChat's samples do.
func writeXML(fields []field) []byte {
	var out bytes.Buffer
	out.WriteString("<xml>\n")
	for _, f := range fields {
		if f.number {
			fmt.Fprintf(&out, "  <%s>%s</%[1]s>\n", f.key, f.text)
			continue
		}
		fmt.Fprintf(&out, "  <%s> <![CDATA[%s]]> </%[1]s>\n", f.key, cdata(f.text))
	}
	out.WriteString("</xml>")
	return out.Bytes()
}

// cdata splits what would end the section early.
func cdata(text string) string {
	return strings.ReplaceAll(text, "]]>", "]]]]><![CDATA[>")
}
