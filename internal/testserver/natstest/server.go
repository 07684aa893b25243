package natstest

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/menjin-id/menjin/internal/testserver"
)

// Server is a NATS server in a process of its own, to be stopped, killed and started again on the same port and
// store. Its methods are not for concurrent use and fail the test by themselves.
type Server struct {
	testserver.Restartable
	tb   testing.TB
	dir  string
	port int
}

// NewServer starts a server that ends with tb.
func NewServer(tb testing.TB) *Server {
	tb.Helper()
	port, err := testserver.FreePort()
	if err != nil {
		tb.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "menjin-nats-")
	if err != nil {
		tb.Fatal(err)
	}
	s := &Server{tb: tb, dir: dir, port: port}
	tb.Cleanup(func() {
		s.Kill()
		_ = os.RemoveAll(dir) // a leftover in the temporary folder is no reason to fail
	})
	s.Start()
	return s
}

// URL is the nats:// URL of the server, up or down.
func (s *Server) URL() string { return "nats://127.0.0.1:" + strconv.Itoa(s.port) }

// Start starts the server again after Stop or Kill and returns when it takes connections.
func (s *Server) Start() {
	s.tb.Helper()
	program, err := os.Executable()
	if err != nil {
		s.tb.Fatal(err)
	}
	err = s.Restartable.Start(testserver.Spec{
		Path: program, Dir: s.dir, Orphaned: "KILL",
		Env: []string{storeEnv + "=" + filepath.Join(s.dir, "store"), portEnv + "=" + strconv.Itoa(s.port)},
	}, s.answers)
	if err != nil {
		s.tb.Fatal(err)
	}
}

// answers makes sure that it is our server that answers, not another one that took the port first.
func (s *Server) answers() error {
	conn, err := nats.Connect(s.URL(), nats.Timeout(time.Second))
	if err != nil {
		return err
	}
	defer conn.Close()
	if got := conn.ConnectedServerName(); got != serverName(s.port) {
		return fmt.Errorf("port %d belongs to another server", s.port)
	}
	return nil
}

func serverName(port int) string { return "natstest-" + strconv.Itoa(port) }
