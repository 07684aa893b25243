package bootstrap

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync"
	"time"
)

const (
	logDelay = 100 * time.Millisecond // how long a line may wait
	logRoom  = 64 << 10               // how many bytes may wait
)

// logBuffer gathers lines of the log, so that a busy service does not call the system for each request. Close writes what
// waits; lines that come later are written at once. It is safe for concurrent use.
type logBuffer struct {
	mu     sync.Mutex
	out    io.Writer
	lines  []byte
	late   *time.Timer
	closed bool
}

func newLogBuffer(out io.Writer) *logBuffer {
	b := &logBuffer{out: out, lines: make([]byte, 0, logRoom)}
	b.late = time.AfterFunc(logDelay, func() { _ = b.Flush() }) // nobody could be told of its failure
	b.late.Stop()
	return b
}

// Write takes a whole line. Its error may be that of lines before it.
func (b *logBuffer) Write(line []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return b.out.Write(line)
	}
	var err error
	if len(b.lines)+len(line) > logRoom {
		err = b.flush()
	}
	if len(line) > logRoom {
		_, tooLong := b.out.Write(line)
		return len(line), errors.Join(err, tooLong)
	}
	if len(b.lines) == 0 {
		b.late.Reset(logDelay)
	}
	b.lines = append(b.lines, line...)
	return len(line), err
}

// Flush writes what waits.
func (b *logBuffer) Flush() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.flush()
}

// Close does not close what is written to.
func (b *logBuffer) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	return b.flush()
}

func (b *logBuffer) flush() error {
	b.late.Stop()
	if len(b.lines) == 0 {
		return nil
	}
	_, err := b.out.Write(b.lines)
	b.lines = b.lines[:0]
	return err
}

// promptHandler lets no warning wait, nor what led to it.
type promptHandler struct {
	slog.Handler
	buffer *logBuffer
}

func (h promptHandler) Handle(ctx context.Context, record slog.Record) error {
	err := h.Handler.Handle(ctx, record)
	if record.Level >= slog.LevelWarn {
		err = errors.Join(err, h.buffer.Flush())
	}
	return err
}

func (h promptHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return promptHandler{h.Handler.WithAttrs(attrs), h.buffer}
}

func (h promptHandler) WithGroup(name string) slog.Handler {
	return promptHandler{h.Handler.WithGroup(name), h.buffer}
}
