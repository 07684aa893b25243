package bootstrap_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/menjin-id/menjin/internal/testserver"
	"github.com/menjin-id/menjin/internal/testserver/nginxtest"
	"github.com/menjin-id/menjin/internal/testserver/tlstest"
)

// startEdge puts a real nginx, configured as deployments/nginx ships it, in front of replicas and of a service. What it returns
// is the program as a phone sees it. Its connections come from 127.0.1.1 and onwards, each from the next.
func startEdge(t *testing.T, app string, replicas ...*program) *program {
	t.Helper()
	port, err := testserver.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	conf, pair := t.TempDir(), tlstest.SelfSigned(t, month)
	if err := os.CopyFS(conf, os.DirFS("../deployments/nginx")); err != nil {
		t.Fatal(err)
	}
	pair.Write(t, conf)
	upstreams := "upstream menjin {\n  zone menjin 64k;\n"
	for _, replica := range replicas {
		upstreams += "  server " + replica.address() + " max_fails=1 fail_timeout=5s;\n"
	}
	for name, text := range map[string]string{
		"upstreams.conf": upstreams + "  keepalive 32;\n}\nupstream app { server " + app + "; }\n",
		"listen.conf": fmt.Sprintf("listen 127.0.0.1:%d ssl http2;\nssl_certificate tls.crt;\nssl_certificate_key tls.key;\n"+
			"include menjin/tls.conf;\n", port),
	} {
		if err := os.WriteFile(filepath.Join(conf, "menjin", name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	nginxtest.Start(t, conf, "menjin.conf", port)

	edge := &program{tb: t, settings: replicas[0].settings, api: "https://127.0.0.1:" + strconv.Itoa(port), client: tlstest.Client(t, pair)}
	var last atomic.Int64
	transport := edge.client.Transport.(*http.Transport)
	transport.ForceAttemptHTTP2, transport.MaxIdleConnsPerHost = false, 32
	transport.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		from := &net.TCPAddr{IP: net.IPv4(127, 0, 1, byte(last.Add(1)))}
		return (&net.Dialer{LocalAddr: from}).DialContext(ctx, network, addr)
	}
	return edge
}

func TestNginxInFrontOfReplicas(t *testing.T) {
	t.Parallel()
	w, l := startWeChat(t), newLedger()
	a, b := startTwo(t, onServers(t).with(w.settings()).with(settings{"http.trusted_proxies": "127.0.0.1/32"}))
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{"data": r.Header.Get("X-User-Id")})
	}))
	t.Cleanup(app.Close)
	edge := startEdge(t, strings.TrimPrefix(app.URL, "http://"), a, b)

	alice := edge.login(w.code("alice"))
	edge.seesItself(alice)
	edge.knowsTheAddress(alice)
	if r := edge.expect(http.MethodGet, "/orders", alice.Token, nil, http.StatusOK, ""); string(r.Data) != `"`+alice.User.ID+`"` {
		t.Errorf("service behind: got user %s, want %s", r.Data, alice.User.ID)
	}
	edge.expect(http.MethodPost, "/api/logout", alice.Token, nil, http.StatusOK, "")
	edge.expect(http.MethodGet, "/orders", alice.Token, nil, http.StatusUnauthorized, "SESSION_ENDED")
	edge.expect(http.MethodGet, "/orders", "", nil, http.StatusUnauthorized, "TOKEN_MISSING")

	people := edge.gather(w, l, "edge")
	eventually(t, "sixty are signed in", func() bool { return l.answered() >= 60 })
	a.kill()
	before := l.answered()
	eventually(t, "sixty more are signed in", func() bool { return l.answered() >= before+60 })
	people.sendAway()
	// Whose login a had when it was killed is told so, and nobody else: one at each of the eight doors.
	for _, refusal := range l.refused {
		if refusal != "503 DEPENDENCY_UNAVAILABLE" {
			t.Errorf("while a replica was killed: got %s, want 503 DEPENDENCY_UNAVAILABLE", refusal)
		}
	}
	if len(l.refused) > 8 {
		t.Errorf("%d logins were refused, want no more than were on their way", len(l.refused))
	}
	t.Logf("one of two replicas killed: %d logins answered, %d refused", l.answered(), len(l.refused))
	l.refused = nil
	l.holdsFor(t, b, b.drained(w))
	for name, replica := range map[string]*program{"killed": a, "other": b} {
		if !strings.Contains(replica.log.String(), "/api/login") {
			t.Errorf("the %s replica was never used", name)
		}
	}
}

// knowsTheAddress looks for the client's own address in the list of sessions, whatever the client says that it is.
func (p *program) knowsTheAddress(in signIn) {
	p.tb.Helper()
	request, err := http.NewRequest(http.MethodGet, p.api+"/api/user/sessions", http.NoBody)
	if err != nil {
		p.tb.Fatal(err)
	}
	request.Header = http.Header{
		"Authorization": {"Bearer " + in.Token}, "X-Forwarded-For": {"203.0.113.9"}, "X-Real-Ip": {"203.0.113.9"},
		"Forwarded": {"for=203.0.113.9"},
	}
	r, err := p.send(request)
	if err != nil {
		p.tb.Fatal(err)
	}
	var list struct {
		Sessions []struct{ IP string }
	}
	if err := json.Unmarshal(r.Data, &list); err != nil || len(list.Sessions) != 1 || !strings.HasPrefix(list.Sessions[0].IP, "127.0.1.") {
		p.tb.Errorf("sessions: got %s %v, want one from the client's own address", r.Data, err)
	}
}
