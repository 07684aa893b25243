// Package proxy stands between a client and a server on TCP, and harms their connections on command.
package proxy

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

const dialTimeout = 2 * time.Second

// Proxy passes connections on until it is told otherwise. It is safe for concurrent use.
type Proxy struct {
	listener net.Listener
	done     sync.WaitGroup

	mu       sync.Mutex
	network  string // of the server
	addr     string
	refusing bool
	swallow  bool
	delay    time.Duration // of what the server sends
	accepted int
	open     chan struct{} // closed while bytes pass
	pairs    map[*pair]struct{}
	closed   bool
}

type pair struct{ client, server net.Conn }

func (p *pair) close() {
	_ = p.client.Close() // they may be closed from both ends
	_ = p.server.Close()
}

// New listens on a free loopback port and passes connections on to a server, as net.Dial names it. Whoever makes the proxy
// closes it.
func New(network, addr string) (*Proxy, error) {
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen as proxy: %w", err)
	}
	p := &Proxy{listener: listener, network: network, addr: addr, open: make(chan struct{}), pairs: map[*pair]struct{}{}}
	close(p.open)
	p.done.Go(p.accept)
	return p, nil
}

// Addr is where clients connect.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// Redirect passes later connections on to another server.
func (p *Proxy) Redirect(network, addr string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.network, p.addr = network, addr
}

// Cut ends all connections.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for pair := range p.pairs {
		pair.close()
	}
}

// Refuse ends all connections, and later ones at once, until Heal.
func (p *Proxy) Refuse() {
	p.mu.Lock()
	p.refusing = true
	p.mu.Unlock()
	p.Cut()
}

// Stall holds bytes back in both directions, and loses none, until Heal.
func (p *Proxy) Stall() {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.open:
		p.open = make(chan struct{})
	default:
	}
}

// Swallow takes what clients send and passes nothing of it on, until Heal: so dies what a network had under way.
func (p *Proxy) Swallow() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.swallow = true
}

// Heal lets everything pass again.
func (p *Proxy) Heal() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.heal()
}

func (p *Proxy) heal() {
	p.refusing, p.swallow, p.delay = false, false, 0
	select {
	case <-p.open:
	default:
		close(p.open)
	}
}

// Close ends everything and waits.
func (p *Proxy) Close() {
	p.mu.Lock()
	p.closed = true
	p.heal()
	p.mu.Unlock()
	_ = p.listener.Close() // it was open, and has nothing to lose
	p.Cut()
	p.done.Wait()
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue
		}
		p.done.Go(func() { p.serve(client) })
	}
}

func (p *Proxy) serve(client net.Conn) {
	p.mu.Lock()
	p.accepted++
	network, addr, refusing := p.network, p.addr, p.refusing
	p.mu.Unlock()
	if refusing {
		_ = client.Close()
		return
	}
	server, err := (&net.Dialer{Timeout: dialTimeout}).DialContext(context.Background(), network, addr)
	if err != nil {
		_ = client.Close()
		return
	}
	both := &pair{client, server}
	if !p.adopt(both) {
		both.close()
		return
	}
	var copying sync.WaitGroup
	copying.Go(func() { p.pass(both, client, server, true) })
	copying.Go(func() { p.pass(both, server, client, false) })
	copying.Wait()
	p.mu.Lock()
	delete(p.pairs, both)
	p.mu.Unlock()
}

func (p *Proxy) adopt(both *pair) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || p.refusing {
		return false
	}
	p.pairs[both] = struct{}{}
	return true
}

// pass copies until either end is closed, which closes the other.
func (p *Proxy) pass(both *pair, from, to net.Conn, fromClient bool) {
	defer both.close()
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		if p.gate(fromClient) {
			continue
		}
		if !fromClient {
			time.Sleep(p.slowness())
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// gate waits while the proxy stalls, and reports whether the bytes are to vanish.
func (p *Proxy) gate(fromClient bool) (vanish bool) {
	p.mu.Lock()
	open := p.open
	p.mu.Unlock()
	<-open
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.swallow && fromClient
}
