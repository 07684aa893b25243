package sqlstore

import (
	"context"
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

const (
	// A server on which a statement has waited for so long is asked whether it is there. It may be busy with the statement.
	untilAsked = 2 * time.Second
	// One that says nothing to that is silent: its connections are given up, all at once, and no request waits for them.
	untilSilent = 2900 * time.Millisecond
	// So long an answer, or none, holds good for those who ask next.
	answerKept = time.Second
)

var errSilent = errors.New("the database server is silent")

// askForTLS is PostgreSQL's SSLRequest, which a server answers to anybody, with one byte and before anything else.
var askForTLS = []byte{0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f}

// listener makes connections that are given up when the server at their other end falls silent: half-open ones would be waited on
// by each request for as long as that may take.
type listener struct {
	dial pgconn.DialFunc

	mu      sync.Mutex
	servers map[[2]string]*server // by network and address
}

func listenTo(dial pgconn.DialFunc) *listener {
	return &listener{dial: dial, servers: map[[2]string]*server{}}
}

// Dial is a pgconn.DialFunc. A server that was silent is asked first, so that nobody stands in line for it.
func (l *listener) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	s := l.server(network, addr)
	if s.silent.Load() && !s.answers() {
		return nil, errSilent
	}
	conn, err := l.dial(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	return s.adopt(conn), nil
}

func (l *listener) server(network, addr string) *server {
	l.mu.Lock()
	defer l.mu.Unlock()
	s, known := l.servers[[2]string{network, addr}]
	if !known {
		s = &server{conns: map[*heard]struct{}{}, dial: func(ctx context.Context) (net.Conn, error) { return l.dial(ctx, network, addr) }}
		l.servers[[2]string{network, addr}] = s
	}
	return s
}

// server is one address and the connections to it.
type server struct {
	dial   func(ctx context.Context) (net.Conn, error)
	silent atomic.Bool

	asking sync.Mutex // one question at a time
	asked  time.Time

	mu    sync.Mutex
	conns map[*heard]struct{}
}

func (s *server) adopt(conn net.Conn) net.Conn {
	c := &heard{Conn: conn, server: s}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns[c] = struct{}{}
	return c
}

// answers asks the server, unless somebody just did, and gives its connections up when it is silent.
func (s *server) answers() bool {
	s.asking.Lock()
	defer s.asking.Unlock()
	if time.Since(s.asked) >= answerKept {
		s.silent.Store(errors.Is(s.ask(), os.ErrDeadlineExceeded))
		s.asked = time.Now()
	}
	if !s.silent.Load() {
		return true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		_ = c.Conn.Close() // whoever waits on it is told
	}
	return false
}

// ask returns os.ErrDeadlineExceeded when there was no answer. Other errors are answers too: the connections meet with their own.
func (s *server) ask() error {
	deadline := time.Now().Add(untilSilent)
	ctx, cancel := context.WithDeadline(context.Background(), deadline)
	defer cancel()
	conn, err := s.dial(ctx)
	if ctx.Err() != nil {
		return os.ErrDeadlineExceeded
	}
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(deadline); err != nil {
		return err
	}
	if _, err := conn.Write(askForTLS); err != nil {
		return err
	}
	_, err = conn.Read(make([]byte, 1))
	return err
}

// heard is a connection whose server is asked when it keeps somebody waiting.
type heard struct {
	net.Conn
	server *server
}

// Read is net.Conn's.
func (c *heard) Read(to []byte) (int, error) {
	var over atomic.Bool
	var wonder func()
	wonder = func() {
		if !over.Load() && c.server.answers() {
			time.AfterFunc(untilAsked, wonder)
		}
	}
	waiting := time.AfterFunc(untilAsked, wonder)
	n, err := c.Conn.Read(to)
	over.Store(true)
	waiting.Stop()
	return n, err
}

// Close is net.Conn's.
func (c *heard) Close() error {
	c.server.mu.Lock()
	delete(c.server.conns, c)
	c.server.mu.Unlock()
	return c.Conn.Close()
}
