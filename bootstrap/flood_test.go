package bootstrap_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/menjin-id/menjin/internal/testserver/tlstest"
)

const loginHead = "POST /api/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"

// hello is the head of a handshake record of 512 bytes, and of a ClientHello in it.
const hello = "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"

func TestThousandHalfOpenConnectionsHoldNobodyUp(t *testing.T) {
	t.Parallel()
	p := start(t, local(t))
	s := besiege(t, p)
	s.open(1000, func(i int) string { return []string{"", "POS", loginHead, loginHead + "Content-Le"}[i%4] })
	s.goesOn("1000 half-open")
	s.endsByItself("1000 half-open")
}

func TestThousandHalfHandshakesHoldNobodyUp(t *testing.T) {
	t.Parallel()
	p := startTLS(t, tlstest.SelfSigned(t, month), nil)
	s := besiege(t, p)
	s.open(1000, func(i int) string { return []string{"", hello[:3], hello, hello + strings.Repeat("r", 200)}[i%4] })
	s.goesOn("1000 half handshakes")
	s.endsByItself("1000 half handshakes")
}

func TestSlowClientsHoldNobodyUp(t *testing.T) {
	t.Parallel()
	p := start(t, local(t))
	s := besiege(t, p)
	s.open(100, func(int) string { return loginHead + "X-Slow: " })
	s.open(100, func(int) string { return loginHead + "Content-Length: 60000\r\n\r\n{\"code\":\"" })
	wait := s.trickle()
	s.goesOn("200 slow writers")
	s.lift()
	wait()
	s.givesBack("200 slow writers")

	// Each asks for some megabytes and reads nothing of them.
	page := strings.Repeat("GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n", 64)
	s.conns = nil
	s.open(200, func(int) string { return page })
	s.goesOn("200 slow readers")
	s.lift()
	s.givesBack("200 slow readers")
}

func TestConnectionsBeyondTheMostGiveWay(t *testing.T) {
	t.Parallel()
	narrow := settings{"http.max_connections": "64"}
	for name, one := range map[string]struct {
		start func(*testing.T) *program
		says  [3]string
	}{
		"plain": {
			func(t *testing.T) *program { return start(t, local(t).with(narrow)) },
			[3]string{"", loginHead, loginHead + "Content-Length: 100\r\n\r\n{"},
		},
		"TLS": {
			func(t *testing.T) *program { return startTLS(t, tlstest.SelfSigned(t, month), narrow) },
			[3]string{"", hello[:3], hello},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := one.start(t)
			s := besiege(t, p)
			s.open(600, func(i int) string { return one.says[i%3] })
			s.goesOn("600 where 64 may be")
			if got := p.gauge("go_goroutines"); got > s.calm+300 {
				t.Errorf("goroutines: got %d, %d before; want no more than 64 connections take", got, s.calm)
			}
			if got := strings.Count(p.log.String(), "too many connections"); got < 1 || got > 2 {
				t.Errorf("the log says %d times that there are too many connections, want once a minute", got)
			}
		})
	}
}

func TestFloodsOfHeadersAndBodiesAreCutOff(t *testing.T) {
	t.Parallel()
	p := start(t, local(t))
	s := besiege(t, p)
	megabyte, chunk := strings.Repeat("x", 1<<20), "10000\r\n"+strings.Repeat("x", 1<<16)+"\r\n"
	for what, flood := range map[string]struct {
		text   string
		status string
	}{
		"one header of a megabyte":   {loginHead + "X-Large: " + megabyte, "431"},
		"headers without end":        {loginHead + strings.Repeat("X-Many: more\r\n", 80_000), "431"},
		"a path of a megabyte":       {"GET /" + megabyte, "431"},
		"a body of a megabyte":       {loginHead + "Content-Length: 1048576\r\n\r\n" + megabyte, "413"},
		"a body said to be 10 GB":    {loginHead + "Content-Length: 10000000000\r\n\r\n" + megabyte, "413"},
		"chunks without end":         {loginHead + "Transfer-Encoding: chunked\r\n\r\n" + strings.Repeat(chunk, 100), "413"},
		"one byte more than allowed": {loginHead + "Content-Length: 65537\r\n\r\n" + megabyte[:65537], "413"},
	} {
		answered := false
		for range 20 {
			line := flooded(t, p.address(), flood.text)
			if line != "" && !strings.HasPrefix(line, "HTTP/1.1 "+flood.status) {
				t.Fatalf("%s: got %q, want %s", what, line, flood.status)
			}
			answered = answered || line != "" // who is cut off while still sending may miss it
		}
		if !answered {
			t.Errorf("%s: got no answer, want %s", what, flood.status)
		}
	}
	s.goesOn("after floods")
	s.givesBack("after floods")
}

// flooded sends as much as the program takes and returns the first line of its answer.
func flooded(t *testing.T, addr, text string) string {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience))
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		_, _ = io.WriteString(conn, text) // it is cut off before the end
	}()
	line, _ := bufio.NewReader(conn).ReadString('\n') // an empty line says enough
	_ = conn.Close()
	<-sent
	return line
}

func TestFloodOfHeadersByHTTP2IsCutOff(t *testing.T) {
	t.Parallel()
	p := startTLS(t, tlstest.SelfSigned(t, month), nil)
	s := besiege(t, p)
	for range 20 {
		request, err := http.NewRequest(http.MethodGet, p.api+"/api/hello", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 1000 {
			request.Header.Add("X-Many", strings.Repeat("x", 100+i%7))
		}
		if answer, err := p.client.Do(request); err == nil {
			_ = answer.Body.Close()
			if answer.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
				t.Fatalf("got %s, want 431 or an error", answer.Status)
			}
		}
	}
	s.goesOn("header floods by HTTP/2")
	s.givesBack("header floods by HTTP/2")
}
