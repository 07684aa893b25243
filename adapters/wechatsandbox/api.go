package wechatsandbox

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
)

// maxBody bounds what is read of a request.
const maxBody = 64 << 10

// endpoint does the work of one WeChat API and says what to answer.
type endpoint func(*call) answer

// call is one request to a WeChat API, the fault scripted for it and what the journal will say of it.
type call struct {
	*http.Request
	body  []byte // cut off beyond maxBody
	fault Fault
	entry Entry
}

// query is empty unless the method is GET: the APIs that want their parameters there read no other request.
func (c *call) query() url.Values {
	if c.Method != http.MethodGet {
		return nil
	}
	return c.URL.Query()
}

// decodePost reads the JSON that the APIs with a body want, under whatever content type. Keys in other letters than
// WeChat's, which encoding/json would take, are left out.
func (c *call) decodePost(v any) (errcode int) {
	switch {
	case c.Method != http.MethodPost:
		return errNotPost
	case len(bytes.TrimSpace(c.body)) == 0:
		return errNoBody
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(c.body, &fields) != nil {
		return errNotJSON
	}
	maps.DeleteFunc(fields, func(key string, _ json.RawMessage) bool { return key != strings.ToLower(key) })
	if json.Unmarshal(encode(fields), v) != nil {
		return errNotJSON
	}
	return 0
}

func (s *Server) serveAPI(w http.ResponseWriter, r *http.Request) {
	s.journal.received.Add(1)
	c := &call{Request: r, entry: Entry{Time: s.now(), Method: clip(r.Method), Path: clip(r.URL.Path)}}
	defer func() { s.journal.record(c.entry) }() // also when a fault aborts the handler

	if r.ContentLength != 0 {
		// net/http notices a client that went away only once the body is read.
		c.body, _ = io.ReadAll(io.LimitReader(r.Body, maxBody))
	}
	work, ok := s.routes[r.URL.Path]
	if !ok {
		c.reply(w, s.fail(errURL))
		return
	}
	s.journal.count(r.URL.Path)
	c.fault = s.faults.take(r.URL.Path)
	c.entry.Fault = c.fault.Kind
	if !c.fault.After && s.interrupt(w, c) {
		return
	}
	result := work(c)
	if c.fault.After && s.interrupt(w, c) {
		return
	}
	c.reply(w, result)
}

// reply sends the answer, bent the way the fault wants it.
func (c *call) reply(w http.ResponseWriter, a answer) {
	c.entry.Status, c.entry.Errcode = http.StatusOK, a.errcode
	c.bend(w, a.body)
}
