package httpapi_test

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/menjin-id/menjin/adapters/httpapi"
)

// narrow is a server that lets three in.
type narrow struct {
	addr    string
	release chan struct{} // closed: /slow answers
	slow    chan struct{} // gets one for each request to /slow
	server  *httpapi.HTTPServer
}

func openNarrow(t *testing.T) *narrow {
	t.Helper()
	n := &narrow{release: make(chan struct{}), slow: make(chan struct{}, 10)}
	routes := http.NewServeMux()
	routes.HandleFunc("/slow", func(http.ResponseWriter, *http.Request) {
		n.slow <- struct{}{}
		<-n.release
	})
	routes.HandleFunc("/", func(http.ResponseWriter, *http.Request) {})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n.addr = listener.Addr().String()
	n.server = httpapi.NewHTTPServer(routes, httpapi.Limits{Connections: 3, ReadHeader: time.Minute}, slog.New(slog.DiscardHandler))
	ended := make(chan error, 1)
	go func() { ended <- n.server.Serve(listener) }()
	t.Cleanup(func() {
		_ = n.server.Close()
		<-ended
	})
	return n
}

func (n *narrow) connect(t *testing.T, text string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", n.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	_ = conn.SetReadDeadline(time.Now().Add(time.Minute))
	return conn
}

const quick, slow = "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n"

func wantAnswer(t *testing.T, what string, conn net.Conn) {
	t.Helper()
	if line, err := bufio.NewReader(conn).ReadString('\n'); !strings.HasPrefix(line, "HTTP/1.1 200") {
		t.Errorf("%s: got %q %v, want an answer", what, line, err)
	}
}

func wantClosed(t *testing.T, what string, conn net.Conn) {
	t.Helper()
	if got, err := conn.Read(make([]byte, 1)); err == nil || got > 0 {
		t.Errorf("%s: still there", what)
	}
}

func TestSilentConnectionsGiveWayToNewOnes(t *testing.T) {
	t.Parallel()
	n := openNarrow(t)
	var silent []net.Conn
	for _, text := range []string{"", "GET / HT", "GET / HTTP/1.1\r\nX-A: ", "", ""} {
		silent = append(silent, n.connect(t, text))
	}
	wantClosed(t, "the first", silent[0])
	wantClosed(t, "the second", silent[1])
	wantAnswer(t, "a newcomer", n.connect(t, quick))
	wantClosed(t, "the third", silent[2])
}

func TestRequestsInWorkGiveWayLast(t *testing.T) {
	t.Parallel()
	n := openNarrow(t)
	first := n.connect(t, slow)
	<-n.slow
	idle := n.connect(t, quick)
	wantAnswer(t, "the second", idle)
	second := n.connect(t, slow)
	<-n.slow
	third := n.connect(t, slow)
	<-n.slow
	wantClosed(t, "who had its answer", idle)
	fourth := n.connect(t, slow)
	<-n.slow
	wantClosed(t, "who is served for longest", first)
	close(n.release)
	for _, kept := range []net.Conn{second, third, fourth} {
		wantAnswer(t, "a request in work", kept)
	}
}

func TestPartingWaitsForRequestsInWork(t *testing.T) {
	t.Parallel()
	n := openNarrow(t)
	silent, served := n.connect(t, ""), n.connect(t, slow)
	<-n.slow
	parted := make(chan struct{})
	go func() {
		n.server.Part(t.Context())
		close(parted)
	}()
	wantClosed(t, "who says nothing", silent)
	select {
	case <-parted:
		t.Error("parted from one who is served")
	default:
	}
	close(n.release)
	wantAnswer(t, "a request in work", served)
	<-parted
	wantClosed(t, "who had its answer", served)
}

func TestPartingEndsWithItsPatience(t *testing.T) {
	t.Parallel()
	n := openNarrow(t)
	served := n.connect(t, slow)
	<-n.slow
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	n.server.Part(ctx)
	close(n.release)
	wantAnswer(t, "a request in work", served)
}
