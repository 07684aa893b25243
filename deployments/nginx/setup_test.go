package nginx_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/menjin-id/menjin/internal/testserver"
	"github.com/menjin-id/menjin/internal/testserver/nginxtest"
)

const envelope = `{"code":401,"message":"登录已失效,请重新登录","reason":"SESSION_ENDED","data":null,"request_id":"x"}`

// gate is nginx with the shipped configuration, a stand-in for Menjin, and a service behind both.
type gate struct {
	url    string
	menjin *httptest.Server
	app    *httptest.Server

	mu      sync.Mutex
	live    map[string]http.Header // what GET /api/auth/check answers, by token
	answer  int                    // what it answers instead, when not 0
	asked   []*http.Request
	reached []*http.Request // by the service
}

func open(t *testing.T) *gate {
	t.Helper()
	g := &gate{live: map[string]http.Header{}}
	g.menjin, g.app = serve(t, g.check), serve(t, g.serveApp)
	port, err := testserver.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	g.url = "http://127.0.0.1:" + strconv.Itoa(port)

	conf := t.TempDir()
	if err := os.CopyFS(conf, os.DirFS(".")); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(conf, "menjin", "upstreams.conf"), fmt.Sprintf(
		"upstream menjin { server %s; keepalive 32; }\nupstream app { server %s; keepalive 32; }\n",
		address(g.menjin), address(g.app)))
	write(t, filepath.Join(conf, "menjin", "listen.conf"), fmt.Sprintf("listen 127.0.0.1:%d;\n", port))
	nginxtest.Start(t, conf, "menjin.conf", port)
	return g
}

func serve(t *testing.T, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server
}

func address(server *httptest.Server) string { return strings.TrimPrefix(server.URL, "http://") }

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// check answers as Menjin does.
func (g *gate) check(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if r.URL.Path != "/api/auth/check" {
		_, _ = io.WriteString(w, "menjin "+r.URL.Path+" "+r.Header.Get("X-User-Id"))
		return
	}
	g.asked = append(g.asked, record(r))
	identity, found := g.live[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")]
	switch {
	case g.answer != 0:
		w.WriteHeader(g.answer)
	case !found:
		w.Header().Set("WWW-Authenticate", `Bearer realm="menjin", error="invalid_token"`)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, envelope)
	default:
		for name, values := range identity {
			w.Header()[name] = values
		}
		w.WriteHeader(http.StatusNoContent)
	}
}

func (g *gate) serveApp(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.reached = append(g.reached, record(r))
	if status, err := strconv.Atoi(r.URL.Query().Get("status")); err == nil {
		w.WriteHeader(status)
	}
	_, _ = io.WriteString(w, "app")
}

func record(r *http.Request) *http.Request {
	body, _ := io.ReadAll(r.Body)
	kept := r.Clone(r.Context())
	kept.Body = io.NopCloser(strings.NewReader(string(body)))
	return kept
}

func (g *gate) open(token string, header http.Header) { g.set(func() { g.live[token] = header }) }

func (g *gate) set(change func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	change()
}

// last returns how many requests a server got, and the last.
func (g *gate) last(requests *[]*http.Request) (count int, last *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if count = len(*requests); count > 0 {
		last = (*requests)[count-1]
	}
	return count, last
}

type reply struct {
	status int
	header http.Header
	body   string
}

func (g *gate) send(t *testing.T, method, path string, header http.Header, body string) reply {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, g.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header = header.Clone()
	client := http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply{response.StatusCode, response.Header, string(text)}
}
