package bootstrap

import (
	"io"
	"log/slog"

	"github.com/menjin-id/menjin/adapters/httpapi"
	"github.com/menjin-id/menjin/bootstrap/config"
)

// newLogger makes the logger that every part gets. Lines that a request causes carry its id.
func newLogger(out io.Writer, settings config.Log) *slog.Logger {
	options := &slog.HandlerOptions{Level: settings.Level}
	var handler slog.Handler = slog.NewTextHandler(out, options)
	if settings.Format == "json" {
		handler = slog.NewJSONHandler(out, options)
	}
	return slog.New(httpapi.LogHandler(handler))
}

// newServiceLogger makes the logger of the service and what ends it, after which no line is lost. In JSON, which machines
// read, lines may come a moment late.
func newServiceLogger(out io.Writer, settings config.Log) (*slog.Logger, func()) {
	if settings.Format != "json" {
		return newLogger(out, settings), func() {}
	}
	buffer := newLogBuffer(out)
	handler := promptHandler{slog.NewJSONHandler(buffer, &slog.HandlerOptions{Level: settings.Level}), buffer}
	return slog.New(httpapi.LogHandler(handler)), func() { _ = buffer.Close() } // there is no other place to report it
}
