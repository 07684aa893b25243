// Package proxy stands between a client and a server on TCP, and harms their connections on command.
package proxy

import (
	"context"
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
