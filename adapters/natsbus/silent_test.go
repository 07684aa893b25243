package natsbus_test

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
)

// silentServer takes connections as NATS does, answers pings, and nothing else.
func silentServer(t *testing.T) (url string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { answerPings(conn) })
		}
	})
	t.Cleanup(serving.Wait) // after the bus has closed its connections
	t.Cleanup(func() { _ = listener.Close() })
	return "nats://" + listener.Addr().String()
}

func answerPings(conn net.Conn) {
	defer conn.Close()
	fmt.Fprint(conn, `INFO {"server_id":"silent","version":"2.15.0","proto":1,"headers":true,"max_payload":1048576}`+"\r\n")
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "PING") {
			fmt.Fprint(conn, "PONG\r\n")
		}
	}
}
