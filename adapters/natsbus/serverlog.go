package natsbus

import (
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
)

func orDefault(log *slog.Logger) *slog.Logger {
	if log == nil {
		return slog.Default()
	}
	return log
}

// serverLog passes the embedded server's lines on. What it notices of itself is of no interest to an operator of the
// service, so only warnings and worse are above debug. Unlike the server's own logger it never ends the process.
type serverLog struct {
	log   *slog.Logger
	fatal atomic.Pointer[string]
}

func (l *serverLog) Noticef(format string, v ...any) { l.debug(format, v...) }
func (l *serverLog) Debugf(format string, v ...any)  { l.debug(format, v...) }
func (l *serverLog) Tracef(format string, v ...any)  { l.debug(format, v...) }

func (l *serverLog) Warnf(format string, v ...any) {
	if strings.HasPrefix(format, "Plaintext passwords detected") {
		return // ours is made at each start and leaves the process nowhere
	}
	l.log.Warn("embedded NATS warns", "text", fmt.Sprintf(format, v...))
}

func (l *serverLog) Errorf(format string, v ...any) {
	l.log.Error("embedded NATS reports an error", "text", fmt.Sprintf(format, v...))
}

func (l *serverLog) Fatalf(format string, v ...any) {
	text := fmt.Sprintf(format, v...)
	l.fatal.Store(&text)
	l.log.Error("embedded NATS cannot go on", "text", text)
}

func (l *serverLog) debug(format string, v ...any) {
	l.log.Debug("embedded NATS", "text", fmt.Sprintf(format, v...))
}

func (l *serverLog) lastFatal() string {
	if text := l.fatal.Load(); text != nil {
		return *text
	}
	return "it gave no reason"
}
