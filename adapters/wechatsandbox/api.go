package wechatsandbox

import (
	"io"
	"net/http"
)

// maxBody bounds what is read of a request.
const maxBody = 64 << 10

// endpoint does the work of one WeChat API and says what to answer.
type endpoint func(*call) answer

// call is one request to a WeChat API, the fault scripted for it and what the journal will say of it.
type call struct {
	*http.Request
	fault Fault
	entry Entry
}

func (s *Server) serveAPI(w http.ResponseWriter, r *http.Request) {
	s.journal.received.Add(1)
	c := &call{Request: r, entry: Entry{Time: s.now(), Method: clip(r.Method), Path: clip(r.URL.Path)}}
	defer func() { s.journal.record(c.entry) }() // also when a fault aborts the handler

	if r.ContentLength != 0 {
		// net/http notices a client that went away only once the body is read.
		_, _ = io.CopyN(io.Discard, r.Body, maxBody)
	}
	work, ok := s.routes[r.URL.Path]
	if !ok {
		c.reply(w, s.fail(errURL))
		return
	}
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
