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
