package bootstrap_test

import (
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/menjin-id/menjin/internal/testserver/redistest"
)

// wire lies between the program and a server. While it is held, what is sent stays on the way: the server looks alive
// and does not answer. While it is cut, connections break and what was on the way is lost.
type wire struct {
	listener net.Listener
	server   string
	held     sync.RWMutex
	cut      atomic.Bool
}

func startWire(t *testing.T, server string) *wire {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{listener: listener, server: server}
	t.Cleanup(func() { _ = listener.Close() })
	go w.accept()
	return w
}

// wireTo lays a wire to the server of a URL, and returns the URL that leads through it.
func wireTo(t *testing.T, server string) (w *wire, through string) {
	t.Helper()
	address, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	w = startWire(t, address.Host)
	address.Host = w.listener.Addr().String()
	return w, address.String()
}

func (w *wire) accept() {
	for {
		client, err := w.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", w.server)
		if err != nil || w.cut.Load() {
			_ = client.Close()
			if err == nil {
				_ = server.Close()
			}
			continue
		}
		go w.carry(client, server)
		go w.carry(server, client)
	}
}

func (w *wire) carry(from, to net.Conn) {
	defer from.Close()
	defer to.Close()
	_, _ = io.Copy(writerFunc(func(text []byte) (int, error) {
		w.held.RLock()
		defer w.held.RUnlock()
		if w.cut.Load() {
			return 0, net.ErrClosed
		}
		return to.Write(text)
	}), from)
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(text []byte) (int, error) { return f(text) }

func TestRedisThatDoesNotAnswerIsAnOutage(t *testing.T) {
	t.Parallel()
	s, w := onServers(t), startWeChat(t)
	way, through := wireTo(t, redistest.URL(t))
	p := start(t, s.with(w.settings()).with(settings{"sessions.url": through}))
	in := p.login(w.code("alice"))

	way.held.Lock()
	for range 3 {
		p.outOfOrder(http.MethodGet, "/api/auth/check", in.Token, nil)
		p.outOfOrder(http.MethodGet, "/api/user/info", in.Token, nil)
	}
	p.expect(http.MethodGet, "/health/ready", "", nil, http.StatusServiceUnavailable, "")
	way.held.Unlock()
	p.recovers("auth check", http.MethodGet, "/api/auth/check", in.Token, nothing)
	p.seesItself(in)
}
