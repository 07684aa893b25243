package bootstrap_test

import (
	"io"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// siege is a host of connections to one program, none of which behaves.
type siege struct {
	t     *testing.T
	p     *program
	conns []net.Conn
	calm  int // goroutines of the program before
}

func besiege(t *testing.T, p *program) *siege {
	t.Helper()
	p.login(p.sandboxCode("first")) // what is made at the first use is there
	s := &siege{t: t, p: p, calm: p.gauge("go_goroutines")}
	t.Cleanup(s.lift)
	return s
}

// open adds connections that each say what text returns and then nothing.
func (s *siege) open(count int, text func(i int) string) {
	s.t.Helper()
	for i := range count {
		conn, err := net.Dial("tcp", s.p.address())
		if err != nil {
			s.t.Fatal(err)
		}
		s.conns = append(s.conns, conn)
		_, _ = io.WriteString(conn, text(i)) // it may be closed already
	}
}

// trickle sends one byte after the other on every connection until all are closed.
func (s *siege) trickle() (wait func()) {
	var senders sync.WaitGroup
	for _, conn := range s.conns {
		senders.Go(func() {
			tick := time.NewTicker(100 * time.Millisecond)
			defer tick.Stop()
			for range tick.C {
				if _, err := io.WriteString(conn, "x"); err != nil {
					return
				}
			}
		})
	}
	return senders.Wait
}

func (s *siege) lift() {
	for _, conn := range s.conns {
		_ = conn.Close()
	}
}

// goesOn signs people in meanwhile.
func (s *siege) goesOn(what string) {
	s.t.Helper()
	var took []time.Duration
	for i := range 20 {
		code := s.p.sandboxCode("person-" + strconv.Itoa(i))
		s.p.client.CloseIdleConnections() // as somebody who comes new
		_, r, err := s.p.tryLogin(code)
		if err != nil || r.Status != http.StatusOK {
			s.t.Fatalf("%s: login %d: got %s %v, want 200", what, i, r, err)
		}
		took = append(took, r.Took)
	}
	slices.Sort(took)
	s.t.Logf("%s: login took %s (median), %s (longest); %d goroutines, %d MiB", what, took[len(took)/2], took[len(took)-1],
		s.p.gauge("go_goroutines"), s.p.gauge("process_resident_memory_bytes")>>20)
}

// endsByItself waits until the program has closed every connection, and has given back what they took.
func (s *siege) endsByItself(what string) {
	s.t.Helper()
	for _, conn := range s.conns {
		_ = conn.SetReadDeadline(time.Now().Add(patience))
		if _, err := io.Copy(io.Discard, conn); err != nil && strings.Contains(err.Error(), "timeout") {
			s.t.Fatalf("%s: a connection is still there", what)
		}
	}
	s.givesBack(what)
}

func (s *siege) givesBack(what string) {
	s.t.Helper()
	got := 0
	hoped := func() bool {
		s.p.client.CloseIdleConnections()
		got = s.p.gauge("go_goroutines")
		return got <= s.calm+10
	}
	eventually(s.t, what+": the goroutines are gone", hoped)
	s.t.Logf("%s: %d goroutines before, %d after", what, s.calm, got)
}

// gauge reads a metric.
func (p *program) gauge(name string) int {
	p.tb.Helper()
	text := string(p.call(http.MethodGet, "/metrics", "", nil).Body)
	found := regexp.MustCompile(`(?m)^` + name + ` (\S+)$`).FindStringSubmatch(text)
	if found == nil {
		p.tb.Fatalf("no metric %s", name)
	}
	value, err := strconv.ParseFloat(found[1], 64)
	if err != nil {
		p.tb.Fatal(err)
	}
	return int(value)
}
