package bootstrap_test

import (
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"testing"

	"github.com/menjin-id/menjin/internal/testserver/redistest"
)

// wire lies between the program and a server. While it is held, what is sent stays on the way: the server looks alive
// and does not answer.
type wire struct {
	listener net.Listener
	server   string
	held     sync.RWMutex
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

func (w *wire) accept() {
	for {
		client, err := w.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", w.server)
		if err != nil {
			_ = client.Close()
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
		return to.Write(text)
	}), from)
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(text []byte) (int, error) { return f(text) }

func TestRedisThatDoesNotAnswerIsAnOutage(t *testing.T) {
	t.Parallel()
	s, w := onServers(t), startWeChat(t)
	redis, err := url.Parse(redistest.URL(t))
	if err != nil {
		t.Fatal(err)
	}
	way := startWire(t, redis.Host)
	redis.Host = way.listener.Addr().String()
	p := start(t, s.with(w.settings()).with(settings{"sessions.url": redis.String()}))
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
