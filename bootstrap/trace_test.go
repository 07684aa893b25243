package bootstrap_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	coltracepb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// tree writes a trace down as "parent > child" by names, each once, sorted.
func tree(spans []*tracepb.Span) (edges []string) {
	names := make(map[string]string)
	for _, span := range spans {
		names[string(span.GetSpanId())] = span.GetName()
	}
	for _, span := range spans {
		edges = append(edges, names[string(span.GetParentSpanId())]+" > "+span.GetName())
	}
	slices.Sort(edges)
	return slices.Compact(edges)
}

func TestLoginIsOneTraceFromTheRequestToTheSubscriber(t *testing.T) {
	t.Parallel()
	onEverySet(t, func(t *testing.T, s settings) {
		w, c := startWeChat(t), collect(t)
		p := start(t, s.with(w.settings()).with(c.settings()).with(settings{"log.format": "json", "events.embedded_addr": freeAddress(t)}))
		if p.events == "" {
			p.events = "nats://" + p.settings["events.embedded_addr"]
		}
		alice := p.login(w.code("alice"))
		events := readEvents(t, p.events, func(events []event) bool { return len(of(events, alice.User.ID)) == 1 })
		parent := strings.Split(of(events, alice.User.ID)[0].Header.Get("traceparent"), "-")
		if len(parent) != 4 || parent[3] != "01" {
			t.Fatalf("traceparent of the event: got %q, want one that is recorded", parent)
		}
		trace, err := hex.DecodeString(parent[1])
		if err != nil {
			t.Fatal(err)
		}
		want := []string{
			" > POST /api/login", "POST /api/login > login", "login > GET /sns/jscode2session",
			"login > append menjin.user.registered.v1", "append menjin.user.registered.v1 > publish menjin.user.registered.v1",
		}
		if s["database.url"] == "" {
			want = append(want, "login > SELECT identities", "login > INSERT users", "login > INSERT outbox_events", "login > transaction",
				"transaction > INSERT sessions")
		} else {
			want = append(want, "login > SELECT identities", "login > BATCH", "login > evalsha")
		}
		var edges []string
		t.Cleanup(func() { t.Logf("the trace:\n%s", strings.Join(edges, "\n")) })
		eventually(t, fmt.Sprintf("the trace has %q", want), func() bool {
			edges = tree(c.of(trace))
			return !slices.ContainsFunc(want, func(edge string) bool { return !slices.Contains(edges, edge) })
		})
		eventually(t, "the line of the request names the trace", func() bool {
			return strings.Contains(p.log.String(), `"trace_id":"`+parent[1]+`"`)
		})
		wantFed(t, p, c, alice)
	})
}

// wantFed ends a session: the service's own subscription goes on with the trace of the request.
func wantFed(t *testing.T, p *program, c *collector, in signIn) {
	t.Helper()
	p.expect(http.MethodPost, "/api/logout", in.Token, nil, http.StatusOK, "")
	eventually(t, "the service handles the event within the trace of the logout", func() bool {
		for _, process := range c.named("process " + sessionEndedV1) {
			for _, span := range c.of(process.GetTraceId()) {
				if span.GetName() == "POST /api/logout" {
					return true
				}
			}
		}
		return false
	})
}

func TestClientDoesNotChooseTheTrace(t *testing.T) {
	t.Parallel()
	c := collect(t)
	p := start(t, local(t).with(c.settings()).with(settings{"http.trusted_proxies": "127.0.0.0/8"}))
	request, err := http.NewRequest(http.MethodGet, p.api+"/health/live", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	const chosen = "0af7651916cd43dd8448eb211c80319c"
	request.Header.Set("traceparent", "00-"+chosen+"-b7ad6b7169203331-01")
	response, err := p.client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	eventually(t, "the request is traced", func() bool { return len(c.named("GET /health/live")) == 1 })
	if span := c.named("GET /health/live")[0]; hex.EncodeToString(span.GetTraceId()) == chosen || len(span.GetParentSpanId()) > 0 {
		t.Errorf("got a span of the trace that the client named, want one of its own")
	}
}

// A collector that takes requests and never answers them: the end of the program waits for it, but not for long.
func TestCollectorThatHangsHoldsNobody(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	hanging := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	t.Cleanup(func() { close(release); hanging.Close() })
	began := time.Now()
	p := start(t, local(t).with(settings{"traces.endpoint": hanging.URL, "traces.sample_ratio": "1"}))
	for i := range 50 {
		in := p.login(p.sandboxCode(fmt.Sprintf("person-%d", i)))
		for range 20 {
			p.check(in.Token, http.StatusNoContent, "")
		}
	}
	p.terminate()
	if status := p.status(); status != 0 {
		t.Errorf("exit status: got %d, want 0", status)
	}
	lines, most := 0, 2+int(time.Since(began).Minutes()) // the first, the last, and one a minute where the machine is slow
	for line := range strings.Lines(p.log.String()) {
		if strings.Contains(line, "traces") {
			lines++
		}
	}
	if lines > most {
		t.Errorf("lines about traces: got %d, want %d at most", lines, most)
	}
}

func TestLeakIntoASpanFailsTheTest(t *testing.T) {
	t.Parallel()
	const code = "0a3PlantedLoginCode0123456789abc"
	body, err := proto.Marshal(&coltracepb.ExportTraceServiceRequest{ResourceSpans: []*tracepb.ResourceSpans{{
		ScopeSpans: []*tracepb.ScopeSpans{{Spans: []*tracepb.Span{{Name: "GET /sns/jscode2session?js_code=" + code}}}},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	let := &indulgent{TB: t}
	c := &collector{tb: let}
	c.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/v1/traces", bytes.NewReader(body)))
	sieveOf(t).keep("code", code)
	if c.examine(); len(let.reproaches) != 1 {
		t.Errorf("a code in a span: got %q, want one reproach", let.reproaches)
	}
}
