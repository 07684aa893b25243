package bootstrap_test

import (
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/menjin-id/menjin/chaos/proxy"
	"github.com/menjin-id/menjin/internal/testserver/natstest"
	"github.com/menjin-id/menjin/internal/testserver/pgtest"
	"github.com/menjin-id/menjin/internal/testserver/proxytest"
	"github.com/menjin-id/menjin/internal/testserver/redistest"
)

const (
	// By how much each answer of a slow dependency is late. A telephone number takes two questions to WeChat within its time limit.
	slowness       = 2500 * time.Millisecond
	slownessWeChat = time.Second

	busyMachine = 4 * time.Second // what a machine may add that has other things to do

	// In the second after a return: PostgreSQL's pool is the largest there is, of 16, and none may be dialled twice over.
	longestRush = 40
	// Lines in the log that belong to no request, while one dependency is at fault and all routes are asked once.
	mostLines = 40
	doors     = 24 // of the crowd that comes at the return
	// Connections to WeChat and of clients that are kept, each with its two goroutines. Everything asked meanwhile is more than twice that.
	mostGoroutines = 3 * doors
)

// allFaults are the columns of the guide.
var allFaults = []string{"down", "slow", "half-open"}

func harm(way *proxy.Proxy, fault string, late time.Duration) {
	switch fault {
	case "down":
		way.Refuse()
	case "slow":
		way.Delay(late)
	case "half-open":
		way.Stall()
	}
}

func TestEachRouteAnswersAsTheGuideSaysWhileADependencyIsAtFault(t *testing.T) {
	t.Parallel()
	for name, dependency := range map[string]struct {
		key, back string // the setting, and a route that tells whether it is back
		late      time.Duration
		url       func(t *testing.T, w *weChat) string
	}{
		"Database": {"database.url", "/api/user/info", slowness, func(t *testing.T, _ *weChat) string { return pgtest.New(t, nil) }},
		"Redis":    {"sessions.url", "/api/auth/check", slowness, func(t *testing.T, _ *weChat) string { return redistest.URL(t) }},
		"NATS":     {"events.url", "/api/auth/check", slowness, func(t *testing.T, _ *weChat) string { return natstest.URL(t) }},
		"WeChat":   {"wechat.base_url", "/api/auth/check", slownessWeChat, func(_ *testing.T, w *weChat) string { return w.url }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			promises, w := dependencyTable(t, name), startWeChat(t)
			way, through := proxytest.Through(t, dependency.url(t, w))
			p := start(t, onServers(t).with(w.settings()).with(settings{dependency.key: through}))
			p.invite(w, "first")
			before := p.goroutines(t)
			for _, fault := range allFaults {
				g, began := p.invite(w, fault), time.Now()
				said := len(p.log.String())
				harm(way, fault, dependency.late)
				p.keepsPromises(t, fault, promises[fault], g)
				p.spoke(t, fault, p.log.String()[said:])
				p.returnsQuietly(t, fault, way, w)
				p.recovers(fault, http.MethodGet, dependency.back, g.caller.Token, nothing)
				eventually(t, "everything is well after "+fault, func() bool {
					return readinessOf(p.call(http.MethodGet, "/health/ready", "", nil).Body) == "ready"
				})
				in := p.login(w.code("after-" + fault))
				// A failure to fetch a token for WeChat speaks for a second or two for those that would follow.
				p.recovers(fault, http.MethodPost, "/api/user/phone", in.Token, func() any {
					return map[string]string{"code": w.phoneCode("after-" + fault)}
				})
				t.Logf("%s: %s in all", fault, time.Since(began).Round(time.Millisecond))
			}
			began := time.Now()
			eventually(t, "goroutines are as many as before", func() bool { return p.goroutines(t) <= before+mostGoroutines })
			t.Logf("%d goroutines before, %d after %s", before, p.goroutines(t), time.Since(began).Round(time.Millisecond))
		})
	}
}

func (p *program) goroutines(t *testing.T) int {
	t.Helper()
	_, samples := scrape(t, p.api)
	return int(sum(samples, "go_goroutines", nil))
}

var requestLine = regexp.MustCompile(`msg=(request|"request failed") `)

// spoke looks how much was logged that belongs to no request.
func (p *program) spoke(t *testing.T, fault, log string) {
	t.Helper()
	var others []string
	for line := range strings.Lines(log) {
		if !requestLine.MatchString(line) {
			others = append(others, line)
		}
	}
	if len(others) > mostLines {
		t.Errorf("%s: %d lines were logged that belong to no request, the last %s", fault, len(others), others[len(others)-1])
	}
}

// returnsQuietly heals the way under a crowd of sign-ins, and counts the connections of the first second.
func (p *program) returnsQuietly(t *testing.T, fault string, way *proxy.Proxy, w *weChat) {
	t.Helper()
	leave, gone := make(chan struct{}), sync.WaitGroup{}
	for door := range doors {
		gone.Go(func() {
			pace := time.NewTicker(50 * time.Millisecond)
			defer pace.Stop()
			for {
				code, err := w.MintCode("", "crowd-"+string(rune('a'+door)))
				if err == nil {
					_, _, _ = p.tryLogin(code) // how it ends is the guide's business
				}
				select {
				case <-leave:
					return
				case <-pace.C:
				}
			}
		})
	}
	way.Heal()
	before := way.Accepted()
	second := time.NewTimer(time.Second)
	<-second.C
	if rush := way.Accepted() - before; rush > longestRush {
		t.Errorf("%s: %d connections in the second after the return, want %d at most", fault, rush, longestRush)
	} else {
		t.Logf("%s: %d connections in the second after the return", fault, rush)
	}
	close(leave)
	gone.Wait()
}
