package sqlstore

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

const (
	// A server on which a statement has waited for so long is asked whether it is there. It may be busy with the statement.
	untilAsked = 2 * time.Second
	// One that says nothing to that, nor meanwhile to anybody else, is silent: its connections are given up, all at once, and no
	// request waits for them. What it says to others counts because a proxy in front of it that has no room for one more connection
	// keeps a question waiting too.
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
	spoke  atomic.Int64 // how many answers have been read from its connections

	asking sync.Mutex // one question at a time
	asked  time.Time

	mu    sync.Mutex
	conns map[*heard]struct{}
}

// answers asks the server, unless somebody just did, and gives its connections up when it is silent.
func (s *server) answers() bool {
	s.asking.Lock()
	defer s.asking.Unlock()
	if time.Since(s.asked) >= answerKept {
		spoke := s.spoke.Load()
		silent := s.ask() != nil && s.spoke.Load() == spoke
		s.silent.Store(silent)
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

// ask returns an error when nobody answers in time, or there is no way to the server. One that refuses or hangs up answers too:
// its connections meet with that themselves.
func (s *server) ask() error {
	deadline := time.Now().Add(untilSilent)
	ctx, cancel := context.WithDeadline(context.Background(), deadline)
	defer cancel()
	conn, err := s.dial(ctx)
	if err != nil {
		return unheard(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(deadline); err != nil {
		return unheard(err)
	}
	if _, err := conn.Write(askForTLS); err != nil {
		return unheard(err)
	}
	_, err = conn.Read(make([]byte, 1))
	return unheard(err)
}

// unheard returns the error where it is one of time, or of the way.
func unheard(err error) error {
	var failure net.Error
	if errors.As(err, &failure) && failure.Timeout() || errors.Is(err, syscall.EHOSTUNREACH) || errors.Is(err, syscall.ENETUNREACH) {
		return err
	}
	return nil
}

// heard is a connection whose server is asked when it keeps somebody waiting.
type heard struct {
	net.Conn
	server  *server
	reading atomic.Bool
	wonder  *time.Timer
}

func (s *server) adopt(conn net.Conn) net.Conn {
	c := &heard{Conn: conn, server: s}
	c.wonder = time.AfterFunc(untilAsked, c.ask)
	c.wonder.Stop()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns[c] = struct{}{}
	return c
}

// ask asks again and again for as long as somebody waits.
func (c *heard) ask() {
	if c.reading.Load() && c.server.answers() && c.reading.Load() {
		c.wonder.Reset(untilAsked)
	}
}

// Read is net.Conn's.
func (c *heard) Read(to []byte) (int, error) {
	c.reading.Store(true)
	c.wonder.Reset(untilAsked)
	n, err := c.Conn.Read(to)
	c.reading.Store(false)
	c.wonder.Stop()
	if n > 0 {
		c.server.spoke.Add(1)
	}
	return n, err
}

// Close is net.Conn's.
func (c *heard) Close() error {
	c.server.mu.Lock()
	delete(c.server.conns, c)
	c.server.mu.Unlock()
	return c.Conn.Close()
}
