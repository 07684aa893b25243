package proxy_test

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/menjin-id/menjin/chaos/proxy"
)

const (
	patience = 60 * time.Second
	shortly  = 50 * time.Millisecond
)

// echo answers with what it gets.
func echo(t *testing.T) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
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
			go func() {
				_, _ = io.Copy(conn, conn)
				_ = conn.Close()
			}()
		}
	}()
	return listener
}

func between(t *testing.T) *proxy.Proxy {
	t.Helper()
	p, err := proxy.New("tcp", echo(t).Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

func dial(t *testing.T, p *proxy.Proxy) net.Conn {
	t.Helper()
	conn, err := net.DialTimeout("tcp", p.Addr(), patience)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// answered sends a word and returns the error with which the answer is awaited.
func answered(t *testing.T, conn net.Conn, within time.Duration) error {
	t.Helper()
	_, _ = conn.Write([]byte("menjin"))
	_ = conn.SetReadDeadline(time.Now().Add(within))
	_, err := io.ReadFull(conn, make([]byte, 6))
	return err
}

func TestStalledConnectionLosesNothing(t *testing.T) {
	t.Parallel()
	p := between(t)
	conn := dial(t, p)
	if err := answered(t, conn, patience); err != nil {
		t.Fatal(err)
	}
	p.Stall()
	if err := answered(t, conn, shortly); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("while it stalls: got error %v, want no answer", err)
	}
	p.Heal()
	if err := answered(t, conn, patience); err != nil {
		t.Errorf("the answer held back: %v", err)
	}
}

func TestRefusingProxyEndsConnectionsUntilItHeals(t *testing.T) {
	t.Parallel()
	p := between(t)
	before := dial(t, p)
	if err := answered(t, before, patience); err != nil {
		t.Fatal(err)
	}
	p.Refuse()
	for name, conn := range map[string]net.Conn{"before": before, "after": dial(t, p)} {
		if err := answered(t, conn, patience); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("connection from %s: got error %v, want it ended", name, err)
		}
	}
	p.Heal()
	if err := answered(t, dial(t, p), patience); err != nil {
		t.Errorf("healed: %v", err)
	}
}

func TestRedirectedProxyReachesTheOtherServer(t *testing.T) {
	t.Parallel()
	p := between(t)
	p.Redirect("tcp", "127.0.0.1:1")
	if err := answered(t, dial(t, p), patience); err == nil {
		t.Error("got an answer from nobody")
	}
	p.Redirect("tcp", echo(t).Addr().String())
	if err := answered(t, dial(t, p), patience); err != nil {
		t.Errorf("redirected: %v", err)
	}
}

func TestSwallowedBytesNeverArrive(t *testing.T) {
	t.Parallel()
	p := between(t)
	conn := dial(t, p)
	p.Swallow()
	if err := answered(t, conn, shortly); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("while it swallows: got error %v, want no answer", err)
	}
	p.Heal()
	if err := answered(t, conn, patience); err != nil {
		t.Errorf("healed: %v", err)
	}
	if err := answered(t, conn, patience); err != nil {
		t.Errorf("healed, second word: %v", err)
	}
}
