package httpapi

import (
	"context"
	"errors"
	"net/http"
	"runtime/debug"
	"strings"
	"time"
)

// ServeHTTP answers one request, whatever happens in it.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := s.begin(w, r)
	defer x.finish()
	r = r.WithContext(x)
	x.protect()
	if !s.cors.handle(&x.writer, r) {
		s.router.ServeHTTP(&x.writer, r)
	}
}

// finish is deferred by ServeHTTP, because recover works nowhere deeper.
func (x *exchange) finish() {
	fault := recover()
	x.end()
	if fault != nil {
		x.panicked(fault)
	}
	x.took = time.Since(x.began)
	x.count()
	x.logAccess()
	x.endSpan()
	if x.aborted {
		panic(http.ErrAbortHandler)
	}
}

// panicked answers for a handler that could not. An answer that was begun is cut off, so that nobody takes it for whole.
func (x *exchange) panicked(fault any) {
	if err, ok := fault.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		x.aborted = true
		return
	}
	x.server.log.ErrorContext(x, "panic in handler", "panic", fault, "stack", string(debug.Stack()))
	if x.writer.status != 0 {
		x.aborted = true
		return
	}
	x.answer(internal)
}

var (
	nosniff      = []string{"nosniff"}
	noReferrer   = []string{"no-referrer"}
	noStore      = []string{"no-store"}
	noContent    = []string{"default-src 'none'; frame-ancestors 'none'"}
	onlyTLS      = []string{"max-age=31536000"} // of this host alone: others of the domain are not ours to decide on
	jsonContents = []string{"application/json"}
	lastAnswer   = []string{"close"}
)

// protect sets the headers that every response has. The values are shared; nobody changes a slice in place.
func (x *exchange) protect() {
	header := x.writer.Header()
	header["X-Content-Type-Options"] = nosniff
	header["Referrer-Policy"] = noReferrer
	header["Content-Security-Policy"] = noContent
	if strings.HasPrefix(x.request.URL.Path, "/api") {
		header["Cache-Control"] = noStore
	}
	if x.request.TLS != nil {
		header["Strict-Transport-Security"] = onlyTLS
	}
	if x.server.readiness.draining.Load() {
		header["Connection"] = lastAnswer
	}
	x.setHeader("X-Request-Id", x.id)
}

// clientGone reports that nobody waits for the answer any more.
func (x *exchange) clientGone() bool { return x.request.Context().Err() == context.Canceled }
