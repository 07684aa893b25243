package httpapi

import (
	"cmp"
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

// NewHTTPServer makes the http.Server of a handler, without address and TLS. What net/http has to say, it says to logger
// as a warning. TLS handshakes have the time of ReadHeader.
func NewHTTPServer(handler http.Handler, limits Limits, logger *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: cmp.Or(limits.ReadHeader, 5*time.Second),
		ReadTimeout:       cmp.Or(limits.Read, 15*time.Second),
		WriteTimeout:      cmp.Or(limits.Write, 40*time.Second),
		IdleTimeout:       cmp.Or(limits.Idle, 2*time.Minute),
		MaxHeaderBytes:    cmp.Or(limits.HeaderBytes, 16<<10),
		ConnState:         newDoorway(cmp.Or(limits.Connections, 4096), logger).note,
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
	}
}
