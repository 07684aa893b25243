package httpapi

import (
	"context"
	"log/slog"
)

// LogHandler adds request_id, and trace_id where spans are recorded, to every record that is logged with the context of a
// request. Wrapping twice is wrapping once.
func LogHandler(next slog.Handler) slog.Handler {
	if wrapped, ok := next.(logHandler); ok {
		return wrapped
	}
	return logHandler{next}
}

type logHandler struct{ slog.Handler }

func (h logHandler) Handle(ctx context.Context, record slog.Record) error {
	if id := RequestID(ctx); id != "" {
		record.AddAttrs(slog.String("request_id", id))
	}
	if x := exchangeOf(ctx); x != nil && x.taken() {
		record.AddAttrs(slog.String("trace_id", x.traceID()))
	}
	return h.Handler.Handle(ctx, record)
}

func (h logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return logHandler{h.Handler.WithAttrs(attrs)}
}

func (h logHandler) WithGroup(name string) slog.Handler { return logHandler{h.Handler.WithGroup(name)} }

// statusClientGone stands in the log, never on the wire, for a request whose client left before the answer.
const statusClientGone = 499

// logAccess writes the one line of the request: neither query nor body nor path, which may hold anything.
func (x *exchange) logAccess() {
	if !x.server.access.Enabled(x, slog.LevelInfo) {
		return
	}
	attrs := make([]slog.Attr, 0, 10)
	attrs = append(attrs,
		slog.String("method", x.method()), slog.String("route", x.route()), slog.Int("status", x.status()),
		slog.Duration("duration", x.took), slog.Int64("bytes", x.writer.bytes),
		slog.String("client_ip", x.clientIP), slog.String("request_id", x.id),
	)
	if x.userID != "" {
		attrs = append(attrs, slog.String("user_id", x.userID), slog.String("session_id", x.sessionID))
	}
	if x.reason != "" {
		attrs = append(attrs, slog.String("reason", x.reason))
	}
	if x.taken() {
		attrs = append(attrs, slog.String("trace_id", x.traceID()))
	}
	// Through the handler and not the logger, which would look up the source line for each request.
	record := slog.NewRecord(x.began.Add(x.took), slog.LevelInfo, "request", 0)
	record.AddAttrs(attrs...)
	_ = x.server.access.Handle(x, record) // there is no other place to report it
}

// who is the caller as the log names them; nothing where nobody was let in.
func (x *exchange) who() []slog.Attr {
	if x.userID == "" {
		return nil
	}
	return []slog.Attr{slog.String("user_id", x.userID), slog.String("session_id", x.sessionID)}
}

// status is what was answered, or statusClientGone.
func (x *exchange) status() int {
	if x.gone {
		return statusClientGone
	}
	return x.writer.status
}

// unknownRoute stands for every address that the contract does not know.
const unknownRoute = "unknown"

// route is the template of the route, never the path.
func (x *exchange) route() string {
	if x.operation == nil {
		return unknownRoute
	}
	return x.operation.path
}

// method bounds what a client can make the log repeat.
func (x *exchange) method() string {
	if len(x.request.Method) > 16 {
		return "unknown"
	}
	return x.request.Method
}
