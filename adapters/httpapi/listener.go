package httpapi

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"time"
)

// Limits keep slow and greedy clients from holding connections. Each has a default for zero.
type Limits struct {
	ReadHeader  time.Duration // 5 s
	Read        time.Duration // of head and body; 15 s
	Write       time.Duration // from the end of the head to the end of the answer; 40 s
	Idle        time.Duration // between requests; 2 min
	HeaderBytes int           // 16 KiB
	Connections int           // at once; 4096. Beyond it the one that has waited longest gives way
}

// HTTPServer is an http.Server that knows who is connected.
type HTTPServer struct {
	*http.Server
	door *doorway
}

// NewHTTPServer makes the server of a handler, without address and TLS. What net/http has to say, it says to logger as a
// warning. TLS handshakes have the time of ReadHeader.
func NewHTTPServer(handler http.Handler, limits Limits, logger *slog.Logger) *HTTPServer {
	door := newDoorway(cmp.Or(limits.Connections, 4096), logger)
	return &HTTPServer{door: door, Server: &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: cmp.Or(limits.ReadHeader, 5*time.Second),
		ReadTimeout:       cmp.Or(limits.Read, 15*time.Second),
		WriteTimeout:      cmp.Or(limits.Write, 40*time.Second),
		IdleTimeout:       cmp.Or(limits.Idle, 2*time.Minute),
		MaxHeaderBytes:    cmp.Or(limits.HeaderBytes, 16<<10),
		ConnState:         door.note,
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
	}}
}

// silence is how long nothing has come over a connection that nothing is likely to come over just now.
const silence = 200 * time.Millisecond

// Part returns when nobody is connected any more, or ctx ends. It goes between the end of the listener and Shutdown, which closes
// a connection between two requests at once: a proxy in front may be sending another over it just then, and a POST is not sent
// again. Part closes those over which nothing has come for a moment; who is served meanwhile is told that it was the last answer
// (see [Server.Drain]).
func (s *HTTPServer) Part(ctx context.Context) {
	tick := time.NewTicker(silence / 10)
	defer tick.Stop()
	for s.door.part(time.Now().Add(-silence)) > 0 {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
