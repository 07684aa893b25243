package redistest

import (
	"os"
	"testing"

	"github.com/menjin-id/menjin/internal/testserver"
)

// Server is a Redis server of one test's own, to be stopped, killed and started again on the same port. It keeps
// nothing on disk: what it held is lost with it. Its methods are not for concurrent use and fail the test by
// themselves.
type Server struct {
	tb testing.TB
	*node
}

// NewServer starts a server that ends with tb.
func NewServer(tb testing.TB) *Server {
	tb.Helper()
	testserver.SkipShort(tb)
	program, found := find()
	if !found {
		missing(tb)
	}
	n, err := newNode(program)
	if err != nil {
		tb.Fatal(err)
	}
	s := &Server{tb: tb, node: n}
	tb.Cleanup(func() {
		s.Kill()
		_ = os.RemoveAll(n.dir) // a leftover in the temporary folder is no reason to fail
	})
	s.Start()
	return s
}

// URL is the redis:// URL of the server, up or down.
func (s *Server) URL() string { return s.node.url() }

// Start starts the server again, empty, and returns when it answers.
func (s *Server) Start() {
	s.tb.Helper()
	if err := s.node.start(); err != nil {
		s.tb.Fatal(err)
	}
}
