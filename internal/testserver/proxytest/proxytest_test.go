package proxytest_test

import (
	"io"
	"net"
	"net/url"
	"os"
	"testing"

	"github.com/menjin-id/menjin/internal/testserver/proxytest"
)

// greeter says its name to everybody who connects.
func greeter(t *testing.T, network, addr, name string) string {
	t.Helper()
	listener, err := net.Listen(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(conn, name)
			_ = conn.Close()
		}
	}()
	return listener.Addr().String()
}

func TestURLLeadsToItsServerThroughTheProxy(t *testing.T) {
	t.Parallel()
	folder, err := os.MkdirTemp("", "menjin-pg-") // a name short enough for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	greeter(t, "unix", folder+"/.s.PGSQL.5432", "socket")
	for address, want := range map[string]struct{ greeting, query string }{
		"nats://somebody:secret@" + greeter(t, "tcp", "127.0.0.1:0", "port") + "/path?a=b": {"port", "a=b"},
		"postgres://somebody:secret@/path?a=b&host=" + url.QueryEscape(folder):             {"socket", "a=b"},
	} {
		way, through := proxytest.Through(t, address)
		u, err := url.Parse(through)
		if err != nil {
			t.Fatal(err)
		}
		if u.Host != way.Addr() || u.User.String() != "somebody:secret" || u.Path != "/path" || u.RawQuery != want.query {
			t.Errorf("%s: got %s, want the proxy at %s and all else as it was", address, through, way.Addr())
		}
		conn, err := net.Dial("tcp", u.Host)
		if err != nil {
			t.Fatal(err)
		}
		greeting, err := io.ReadAll(conn)
		_ = conn.Close()
		if err != nil || string(greeting) != want.greeting {
			t.Errorf("%s: got greeting %q, %v, want %q", address, greeting, err, want.greeting)
		}
	}
}
