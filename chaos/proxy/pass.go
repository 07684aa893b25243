package proxy

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"
)

type pair struct{ client, server net.Conn }

func (p *pair) close() {
	_ = p.client.Close() // they may be closed from both ends
	_ = p.server.Close()
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
