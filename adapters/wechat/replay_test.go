package wechat

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"

	"github.com/menjin-id/menjin/domain"
)

// hangUpOnSecond answers the first request of a connection and ends the connection once it has read the second.
func hangUpOnSecond(reset bool) func(conn *net.TCPConn, before int) bool {
	return func(conn *net.TCPConn, before int) bool {
		if before == 0 {
			write(conn, fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(testSuccess), testSuccess))
			return false
		}
		if reset {
			_ = conn.SetLinger(0)
		}
		return true
	}
}

func TestCodeIsSentOnceThoughKeptConnectionBreaks(t *testing.T) {
	t.Parallel()
	for name, reset := range map[string]bool{"closed": false, "reset": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := listen(t, hangUpOnSecond(reset))
			client := setup(t, server.url, 0, neverOpens)
			if _, err := client.ExchangeCode(t.Context(), testApp, domain.NewSecret("first")); err != nil {
				t.Fatalf("ExchangeCode: %v", err)
			}
			client.checkFailure(t, client.exchange(t), domain.ErrWeChatFailed)
			if got := server.count(testCode); got != 1 {
				t.Errorf("got the code sent %d times, want once", got)
			}
			if _, err := client.ExchangeCode(t.Context(), testApp, domain.NewSecret("third")); err != nil {
				t.Errorf("ExchangeCode on a new connection: %v", err)
			}
		})
	}
}

// Without this the test above could pass because the server does not provoke anything.
func TestPlainGetIsSentTwiceWhenKeptConnectionBreaks(t *testing.T) {
	t.Parallel()
	server := listen(t, hangUpOnSecond(false))
	client := &http.Client{Transport: newTransport(defaultTimeout)}
	for _, code := range []string{"first", testCode} {
		response, err := client.Get(server.url + "/?js_code=" + code)
		if err != nil {
			t.Fatalf("Get: %v", err)
		}
		_, _ = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
	}
	client.CloseIdleConnections()
	if got := server.count(testCode); got != 2 {
		t.Errorf("got the code sent %d times, want twice", got)
	}
}
