package wechat

import (
	"bufio"
	"net"
	"net/http"
	"sync"
	"testing"
)

// wire is a server below HTTP: it reads requests and leaves the connection to the test.
type wire struct {
	url string

	mu    sync.Mutex
	codes []string // of every request read, in order
	conns []net.Conn
}

// listen calls serve for each request, with how many were read before on that connection, until serve says that it is over.
func listen(t testing.TB, serve func(conn *net.TCPConn, before int) (over bool)) *wire {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("listen: %v", err)
	}
	w := &wire{url: "http://" + listener.Addr().String()}
	var running sync.WaitGroup
	t.Cleanup(func() {
		_ = listener.Close()
		w.hangUp()
		running.Wait()
	})
	running.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			w.mu.Lock()
			w.conns = append(w.conns, conn)
			w.mu.Unlock()
			running.Go(func() { w.attend(conn.(*net.TCPConn), serve) })
		}
	})
	return w
}

func (w *wire) attend(conn *net.TCPConn, serve func(conn *net.TCPConn, before int) (over bool)) {
	defer conn.Close()
	reader := bufio.NewReader(conn)
	for before := 0; ; before++ {
		request, err := http.ReadRequest(reader)
		if err != nil {
			return
		}
		w.mu.Lock()
		w.codes = append(w.codes, request.URL.Query().Get("js_code"))
		w.mu.Unlock()
		if serve(conn, before) {
			return
		}
	}
}

// hangUp ends what connections are left.
func (w *wire) hangUp() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, conn := range w.conns {
		_ = conn.Close()
	}
}

// count says how often a code arrived.
func (w *wire) count(code string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, seen := range w.codes {
		if seen == code {
			n++
		}
	}
	return n
}

// write sends text as it is. Whether the client still listens is its own affair.
func write(conn net.Conn, text string) { _, _ = conn.Write([]byte(text)) }
