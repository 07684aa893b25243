package bootstrap_test

import (
	"net"
	"path/filepath"
	"slices"
	"sync"
	"testing"
)

// systemd is what the service tells its supervisor, in order.
type systemd struct {
	mu   sync.Mutex
	told []string
}

// listen stands in for systemd. A test that uses it cannot be parallel, as the environment is the process's.
func listen(t *testing.T) *systemd {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "notify")
	connection, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { connection.Close() })
	t.Setenv("NOTIFY_SOCKET", socket)
	s := &systemd{}
	go func() {
		message := make([]byte, 256)
		for {
			n, err := connection.Read(message)
			if err != nil {
				return // closed by the test's end
			}
			s.mu.Lock()
			s.told = append(s.told, string(message[:n]))
			s.mu.Unlock()
		}
	}()
	return s
}

func (s *systemd) count(state string) (count int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, told := range s.told {
		if told == state {
			count++
		}
	}
	return count
}

func TestServiceTellsSystemdThatItIsReadyAliveAndStopping(t *testing.T) {
	s := listen(t)
	t.Setenv("WATCHDOG_USEC", "2000000")
	t.Setenv("WATCHDOG_PID", "")
	p := start(t, local(t))
	eventually(t, "ready is told", func() bool { return s.count("READY=1") == 1 })
	eventually(t, "two signs of life are given", func() bool { return s.count("WATCHDOG=1") >= 2 })
	p.terminate()
	if status := p.status(); status != 0 {
		t.Errorf("exit status: got %d, want 0", status)
	}
	eventually(t, "stopping is told", func() bool { return s.count("STOPPING=1") == 1 })
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.told[0] != "READY=1" || slices.Index(s.told, "STOPPING=1") < slices.Index(s.told, "WATCHDOG=1") {
		t.Errorf("order: got %v, want ready first, stopping after signs of life", s.told)
	}
}

func TestHealthCommandTellsReadinessByItsExitStatus(t *testing.T) {
	t.Parallel()
	p := start(t, local(t))
	s := p.settings.with(settings{"http.addr": p.api[len("http://"):]})
	for _, args := range [][]string{{"health"}, {"health", "--live"}} {
		if status, out, log := run(t, s, args...); status != 0 || out != "" {
			t.Errorf("%v of a ready service: got status %d, output %q %q; want 0 and silence", args, status, out, log)
		}
	}
	p.terminate()
	p.status()
	if status, _, log := run(t, s, "health"); status != 1 || log == "" {
		t.Errorf("of a service that is gone: got status %d, %q; want 1 and a reason", status, log)
	}
}
