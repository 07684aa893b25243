package bootstrap_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"testing"

	coltracepb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/menjin-id/menjin/internal/testserver"
)

// collector takes the spans that a program of tb sends, and finds the secrets in them.
type collector struct {
	tb      testing.TB
	address string

	mu     sync.Mutex
	bodies [][]byte // as they came
	spans  []*tracepb.Span
}

// collect starts a collector that outlives the programs started after it.
func collect(tb testing.TB) *collector {
	tb.Helper()
	c := &collector{tb: tb}
	tb.Cleanup(c.examine)
	server := httptest.NewServer(c)
	tb.Cleanup(server.Close)
	c.address = server.URL
	return c
}

// settings make a program send every span.
func (c *collector) settings() settings {
	return settings{"traces.endpoint": c.address, "traces.sample_ratio": "1"}
}

// ServeHTTP is an OTLP/HTTP collector's.
func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var body io.Reader = r.Body
	if r.Header.Get("Content-Encoding") == "gzip" {
		unpacked, err := gzip.NewReader(r.Body)
		if err != nil {
			return // cut off: the program was killed
		}
		body = unpacked
	}
	content, err := io.ReadAll(body)
	if err != nil {
		return
	}
	var request coltracepb.ExportTraceServiceRequest
	if err := proto.Unmarshal(content, &request); err != nil || r.Method != http.MethodPost || r.URL.Path != "/v1/traces" {
		c.tb.Errorf("got %s %s with %d bytes: %v; want spans at /v1/traces", r.Method, r.URL.Path, len(content), err)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.bodies = append(c.bodies, content)
	for _, resource := range request.GetResourceSpans() {
		for _, scope := range resource.GetScopeSpans() {
			c.spans = append(c.spans, scope.GetSpans()...)
		}
	}
	w.Header().Set("Content-Type", "application/x-protobuf")
}

// examine looks for secrets when the program is gone: some of them are known only after the spans.
func (c *collector) examine() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, body := range c.bodies {
		sieveOf(c.tb).report(c.tb, "spans", body)
	}
}

// of returns the spans of one trace.
func (c *collector) of(traceID []byte) []*tracepb.Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(c.spans), func(span *tracepb.Span) bool { return !slices.Equal(span.GetTraceId(), traceID) })
}

// named returns the spans of a name.
func (c *collector) named(name string) []*tracepb.Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(c.spans), func(span *tracepb.Span) bool { return span.GetName() != name })
}

func freeAddress(tb testing.TB) string {
	tb.Helper()
	port, err := testserver.FreePort()
	if err != nil {
		tb.Fatal(err)
	}
	return "127.0.0.1:" + strconv.Itoa(port)
}
