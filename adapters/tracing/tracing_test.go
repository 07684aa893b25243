package tracing_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/otel/trace"
	"go.uber.org/goleak"

	"github.com/menjin-id/menjin/adapters/tracing"
	"github.com/menjin-id/menjin/domain"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// lines is a log.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func begun(t *testing.T, options tracing.Options) (*tracing.Tracing, *lines) {
	t.Helper()
	log := &lines{}
	options.Log = slog.New(slog.NewTextHandler(log, nil))
	one, err := tracing.Start(options)
	if err != nil {
		t.Fatal(err)
	}
	return one, log
}

func closeWithin(t *testing.T, one *tracing.Tracing, patience time.Duration) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), patience)
	defer cancel()
	return one.Close(ctx)
}

func TestSpansReachTheCollectorWithTheHeaders(t *testing.T) {
	t.Parallel()
	type arrival struct {
		path, key string
		body      []byte
	}
	arrivals := make(chan arrival, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		arrivals <- arrival{r.URL.Path, r.Header.Get("X-Api-Key"), body}
	}))
	defer server.Close()
	one, log := begun(t, tracing.Options{
		Endpoint: server.URL, SampleRatio: 1, Headers: domain.NewSecret("x-api-key=open%2Csesame, x-other=1"),
	})
	_, span := one.Tracer().Start(t.Context(), "made by the test")
	span.End()
	if err := closeWithin(t, one, time.Minute); err != nil {
		t.Fatal(err)
	}
	got := <-arrivals
	if got.path != "/v1/traces" || got.key != "open,sesame" || !bytes.Contains(got.body, []byte("made by the test")) {
		t.Errorf("got %q with key %q and %d bytes, want the span at /v1/traces with the key", got.path, got.key, len(got.body))
	}
	if text := log.String(); text != "" {
		t.Errorf("log: got %q, want nothing", text)
	}
}

func TestHeadersDoNotFollowARedirect(t *testing.T) {
	t.Parallel()
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("the other host was asked")
	}))
	defer elsewhere.Close()
	server := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect))
	defer server.Close()
	one, log := begun(t, tracing.Options{Endpoint: server.URL, SampleRatio: 1})
	_, span := one.Tracer().Start(t.Context(), "x")
	span.End()
	_ = closeWithin(t, one, time.Minute)
	if !strings.Contains(log.String(), "traces cannot be sent") {
		t.Errorf("log: got %q, want the failure", log)
	}
}

func TestTraceOfElsewhereIsTakenAsItWasThere(t *testing.T) {
	t.Parallel()
	one, _ := begun(t, tracing.Options{Endpoint: "http://127.0.0.1:9", SampleRatio: 0})
	_, own := one.Tracer().Start(t.Context(), "own")
	if own.IsRecording() {
		t.Error("a trace begun here is recorded, want none of them")
	}
	parent := trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: trace.TraceID{1}, SpanID: trace.SpanID{1}, TraceFlags: trace.FlagsSampled, Remote: true,
	})
	_, other := one.Tracer().Start(trace.ContextWithRemoteSpanContext(t.Context(), parent), "other")
	if !other.IsRecording() {
		t.Error("a trace that was recorded elsewhere is not here")
	}
	if err := closeWithin(t, one, time.Minute); err != nil { // nothing was ended, so nothing is to be sent
		t.Error(err)
	}
}

// Neither a collector that is away nor one that never answers holds who makes spans; what is too much is dropped.
func TestCollectorThatDoesNotAnswerHoldsNobody(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer server.Close()
	defer close(release)
	one, _ := begun(t, tracing.Options{Endpoint: server.URL, SampleRatio: 1})
	for range 20_000 { // ten times what the queue holds
		_, span := one.Tracer().Start(t.Context(), "x")
		span.End()
	}
	if err := closeWithin(t, one, 100*time.Millisecond); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("close: got %v, want it to give up", err)
	}
}

func TestFailuresAreToldOnce(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, strings.Repeat("no! ", 1000))
	}))
	defer server.Close()
	one, log := begun(t, tracing.Options{Endpoint: server.URL, SampleRatio: 1})
	for range 2000 { // several batches
		_, span := one.Tracer().Start(t.Context(), "x")
		span.End()
	}
	if err := closeWithin(t, one, time.Minute); err != nil {
		t.Fatal(err)
	}
	if text := log.String(); strings.Count(text, "\n") != 1 || len(text) > 600 {
		t.Errorf("log: got %d bytes in %d lines, want one short line", len(text), strings.Count(text, "\n"))
	}
}

func TestWhatCannotWorkIsRefusedAndNotQuoted(t *testing.T) {
	t.Parallel()
	for _, options := range []tracing.Options{
		{},
		{Endpoint: "collector:4318"},
		{Endpoint: "ftp://collector"},
		{Endpoint: "http://u:hunter2@collector"},
		{Endpoint: "http://collector/?key=hunter2"},
		{Endpoint: "http://collector", Headers: domain.NewSecret("hunter2")},
		{Endpoint: "http://collector", Headers: domain.NewSecret("a b=hunter2")},
		{Endpoint: "http://collector", Headers: domain.NewSecret("a=hunter2%0a")},
	} {
		if _, err := tracing.Start(options); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: got %v, want a refusal that quotes nothing", options.Endpoint, err)
		}
	}
}
